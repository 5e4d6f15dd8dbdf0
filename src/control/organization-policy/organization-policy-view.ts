import type { OrganizationPolicy } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import type { OwnDomain } from './own-domain.ts'
import { lacking } from './roll-out.ts'

/** The policies in the order given: `syncing` while there is a project that does not have it yet. */
export async function viewOrganizationPolicies(
  records: Pick<Records, 'policies'>,
  policies: readonly OrganizationPolicyRecord[],
  domain: OwnDomain,
): Promise<readonly OrganizationPolicy[]> {
  if (policies.length === 0) return []
  const rolledOut = await records.policies.rolledOut(policies.map(({ id }) => id))
  const projectIds = domain.projects.map(({ id }) => id)
  return policies.map(policy =>
    asOrganizationPolicy(policy, domain, lacking(policy, rolledOut, projectIds).length === 0),
  )
}

/** A client needs domain, scope and status to be there, and not empty (semantics 18). */
export const asOrganizationPolicy = (
  policy: OrganizationPolicyRecord,
  { id, name }: Pick<OwnDomain, 'id' | 'name'>,
  isEverywhere: boolean,
): OrganizationPolicy => ({
  id: policy.id,
  name: policy.name,
  description: policy.description,
  operation_type: policy.operationType,
  domain_id: id,
  domain_name: name,
  effective_scope: policy.effectiveScope,
  policy_name: policy.policyName,
  policy_enabled: policy.enabled,
  policy_operation_definition: policy.definition,
  policy_trigger: {
    properties: {
      pattern: policy.patterns,
      ...(policy.startWindowMinutes !== undefined && { start_window_minutes: policy.startWindowMinutes }),
    },
  },
  status: isEverywhere ? 'available' : 'syncing',
})
