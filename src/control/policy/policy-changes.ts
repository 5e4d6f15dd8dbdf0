/** What an update of a policy changes (semantics 9.3). Only what is sent changes. */
import type { PolicyUpdate } from '../../contract/operations.gen.ts'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyPatch, PolicyRecord } from '../../ports/catalog/policy.ts'
import { isSameTiming, reschedule } from './next-run.ts'
import { calendarOf } from './pattern.ts'
import { checkedDefinition, checkSameDestination } from './policy-rules.ts'

/** 9900, 1005, 1011. A definition and a list of patterns take the place of the old ones. */
export function changesTo(
  policy: Pick<PolicyRecord, 'operationType' | 'createdAt'>,
  wanted: PolicyUpdate,
  closedRegion: string | undefined,
): PolicyPatch {
  const { pattern, start_window_minutes: window } = wanted.trigger?.properties ?? {}
  if (pattern) calendarOf(pattern, policy.createdAt)
  return {
    ...(wanted.name && { name: wanted.name }),
    ...(wanted.enabled !== undefined && { enabled: wanted.enabled }),
    ...(wanted.operation_definition && {
      definition: checkedDefinition(policy.operationType, wanted.operation_definition, closedRegion),
    }),
    ...(pattern && { patterns: pattern }),
    ...(window !== undefined && { startWindowMinutes: window }),
  }
}

export interface Changed {
  readonly policy: PolicyRecord
  readonly applied: readonly AppliedPolicyRecord[]
}

/** Changes the policy and when it runs: 6003. The caller holds the policy's lock. */
export async function applyChanges(
  records: Pick<Records, 'policies' | 'appliedPolicies'>,
  policy: PolicyRecord,
  patch: PolicyPatch & { readonly updatedAt: Date },
): Promise<Changed> {
  const applied = await records.appliedPolicies.of([policy.id])
  if (patch.definition && applied.length > 0) checkSameDestination(policy.definition, patch.definition)
  await records.policies.update(policy.id, patch)
  const changed = patched(policy, patch)
  if (!isSameTiming(policy, changed)) await reschedule(records, changed, patch.updatedAt)
  return { policy: changed, applied }
}

function patched(policy: PolicyRecord, { startWindowMinutes: sent, ...patch }: PolicyPatch): PolicyRecord {
  const { startWindowMinutes: before, ...rest } = policy
  return { ...rest, ...patch, ...windowAfter(before, sent) }
}

/** `null` switches the start window off. */
export function windowAfter(before: number | undefined, sent: number | null | undefined) {
  const window = sent === undefined ? before : sent
  return typeof window === 'number' ? { startWindowMinutes: window } : {}
}
