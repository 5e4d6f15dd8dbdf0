import { lockPolicy } from '../policy/policy-rules.ts'
import type { UseCase } from '../use-case.ts'
import { lockOrganizationPolicy } from './organization-policy-rules.ts'
import { ownDomain } from './own-domain.ts'

/** It goes from every project, and from the vaults there; the backups it made stay. */
export const deleteOrganizationPolicy: UseCase<'DeleteOrganizationPolicy', 'catalog' | 'identity'> = async (
  ports,
  caller,
  { path },
) => {
  const domain = await ownDomain(ports.identity, caller)
  await ports.catalog.change(async records => {
    const { id } = await lockOrganizationPolicy(records, domain.id, path.organization_policy_id)
    for (const rolledOut of await records.policies.rolledOut([id])) {
      const policy = await lockPolicy(records, rolledOut.projectId, rolledOut.id)
      await records.appliedPolicies.remove({ policyId: policy.id })
      await records.policies.remove(policy.id)
    }
    await records.organizationPolicies.remove(id)
  })
  return undefined
}
