import type { OrganizationPolicyUpdate } from '../../contract/operations.gen.ts'
import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import type { PolicyPatch } from '../../ports/catalog/policy.ts'
import { applyChanges, changesTo, windowAfter } from '../policy/policy-changes.ts'
import { closedRegion, lockPolicy } from '../policy/policy-rules.ts'
import type { UseCase } from '../use-case.ts'
import { lockOrganizationPolicy } from './organization-policy-rules.ts'
import { asOrganizationPolicy } from './organization-policy-view.ts'
import { ownDomain } from './own-domain.ts'
import { rollOut } from './roll-out.ts'

/** As an update of each project's policy: only what is sent changes, in all of them or in none (6003). */
export const updateOrganizationPolicy: UseCase<
  'UpdateOrganizationPolicy',
  'catalog' | 'identity' | 'settings' | 'replicas' | 'now'
> = async (ports, caller, { path, body: { policy: wanted } }) => {
  const at = ports.now()
  const domain = await ownDomain(ports.identity, caller)
  return ports.catalog.change(async records => {
    const before = await lockOrganizationPolicy(records, domain.id, path.organization_policy_id)
    const patch = { ...changesTo(before, asUpdate(wanted), closedRegion(ports)), updatedAt: at }
    const policy = changed(before, wanted, patch)
    await records.organizationPolicies.replace(policy)
    for (const { projectId, id } of await records.policies.rolledOut([policy.id])) {
      await applyChanges(records, await lockPolicy(records, projectId, id), patch)
    }
    await rollOut(
      records,
      policy,
      domain.projects.map(({ id }) => id),
    )
    return { policy: asOrganizationPolicy(policy, domain, true) }
  })
}

const asUpdate = (wanted: OrganizationPolicyUpdate) => ({
  ...(wanted.policy_name !== undefined && { name: wanted.policy_name }),
  ...(wanted.policy_enabled !== undefined && { enabled: wanted.policy_enabled }),
  ...(wanted.policy_operation_definition && { operation_definition: wanted.policy_operation_definition }),
  ...(wanted.policy_trigger && { trigger: wanted.policy_trigger }),
})

function changed(
  { startWindowMinutes: before, ...rest }: OrganizationPolicyRecord,
  wanted: OrganizationPolicyUpdate,
  { name: policyName, startWindowMinutes: sent, ...patch }: PolicyPatch,
): OrganizationPolicyRecord {
  return {
    ...rest,
    ...patch,
    ...windowAfter(before, sent),
    ...(policyName !== undefined && { policyName }),
    ...(wanted.name && { name: wanted.name }),
    ...(wanted.description !== undefined && { description: wanted.description }),
    ...(wanted.effective_scope && { effectiveScope: wanted.effective_scope }),
  }
}
