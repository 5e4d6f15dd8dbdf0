import type { UseCase } from '../use-case.ts'
import { applyChanges, changesTo } from './policy-changes.ts'
import { checkOwned, closedRegion, lockPolicy } from './policy-rules.ts'
import { asPolicy } from './policy-view.ts'

/** Only what is sent changes; a definition and a list of patterns take the place of the old ones (semantics 9.3). */
export const updatePolicy: UseCase<'UpdatePolicy', 'catalog' | 'settings' | 'replicas' | 'now'> = async (
  ports,
  caller,
  { path, body },
) => {
  const at = ports.now()
  return ports.catalog.change(async records => {
    const policy = await lockPolicy(records, caller.projectId, path.policy_id)
    checkOwned(policy)
    const patch = { ...changesTo(policy, body.policy, closedRegion(ports)), updatedAt: at }
    const changed = await applyChanges(records, policy, patch)
    return { policy: asPolicy(changed.policy, changed.applied) }
  })
}
