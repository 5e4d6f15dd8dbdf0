/** When a policy runs next in the vaults it is applied to. */
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import { calendarOf, dueAfter } from './pattern.ts'

/** The first due time after both moments: what has been dealt with does not come again when the clock goes back. */
export function nextRun(policy: PolicyRecord, at: Date, lastDue = at): Date | undefined {
  if (!policy.enabled) return undefined
  return dueAfter(calendarOf(policy.patterns, policy.createdAt), lastDue > at ? lastDue : at)
}

/** Whether both are due at the same moments; then nothing that is due already is lost to a rescheduling. */
export const isSameTiming = (one: PolicyRecord, other: PolicyRecord): boolean =>
  one.enabled === other.enabled && one.patterns.join(' ') === other.patterns.join(' ')

/** After its patterns changed, or it was enabled or disabled. The caller holds the policy's lock. */
export async function reschedule(
  records: Pick<Records, 'appliedPolicies'>,
  policy: PolicyRecord,
  at: Date,
): Promise<void> {
  const applied = await records.appliedPolicies.of([policy.id])
  const latest = Math.max(...applied.map(({ lastDue }) => lastDue?.getTime() ?? 0), at.getTime())
  await records.appliedPolicies.schedule(policy.id, nextRun(policy, new Date(latest)))
}
