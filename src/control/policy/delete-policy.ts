import type { UseCase } from '../use-case.ts'
import { checkOwned, lockPolicy } from './policy-rules.ts'

/** It goes from all its vaults; the backups it made stay (semantics 9.4). */
export const deletePolicy: UseCase<'DeletePolicy', 'catalog'> = async (ports, caller, { path }) => {
  await ports.catalog.change(async records => {
    const policy = await lockPolicy(records, caller.projectId, path.policy_id)
    checkOwned(policy)
    const { id } = policy
    await records.appliedPolicies.remove({ policyId: id })
    await records.policies.remove(id)
  })
  return undefined
}
