import type { PolicyUpdate } from '../../contract/operations.gen.ts'
import type { PolicyPatch, PolicyRecord } from '../../ports/catalog/policy.ts'
import type { UseCase } from '../use-case.ts'
import { isSameTiming, reschedule } from './next-run.ts'
import { calendarOf } from './pattern.ts'
import { checkedDefinition, checkSameDestination, lockPolicy } from './policy-rules.ts'
import { asPolicy } from './policy-view.ts'

/** Only what is sent changes; a definition and a list of patterns take the place of the old ones (semantics 9.3). */
export const updatePolicy: UseCase<'UpdatePolicy', 'catalog' | 'settings' | 'now'> = async (
  ports,
  caller,
  { path, body },
) => {
  const at = ports.now()
  return ports.catalog.change(async records => {
    const policy = await lockPolicy(records, caller.projectId, path.policy_id)
    const patch = { ...changesTo(policy, body.policy, ports.settings.region), updatedAt: at }
    const applied = await records.appliedPolicies.of([policy.id])
    if (patch.definition && applied.length > 0) checkSameDestination(policy.definition, patch.definition)
    await records.policies.update(policy.id, patch)
    const changed = patched(policy, patch)
    if (!isSameTiming(policy, changed)) await reschedule(records, changed, at)
    return { policy: asPolicy(changed, applied) }
  })
}

function changesTo(policy: PolicyRecord, wanted: PolicyUpdate, region: string): PolicyPatch {
  const { pattern, start_window_minutes: window } = wanted.trigger?.properties ?? {}
  if (pattern) calendarOf(pattern, policy.createdAt)
  return {
    ...(wanted.name && { name: wanted.name }),
    ...(wanted.enabled !== undefined && { enabled: wanted.enabled }),
    ...(wanted.operation_definition && {
      definition: checkedDefinition(policy.operationType, wanted.operation_definition, region),
    }),
    ...(pattern && { patterns: pattern }),
    ...(window !== undefined && { startWindowMinutes: window }),
  }
}

function patched(policy: PolicyRecord, { startWindowMinutes, ...patch }: PolicyPatch): PolicyRecord {
  const { startWindowMinutes: before, ...rest } = policy
  const window = startWindowMinutes === undefined ? before : startWindowMinutes
  return { ...rest, ...patch, ...(typeof window === 'number' && { startWindowMinutes: window }) }
}
