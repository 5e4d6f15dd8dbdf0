import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import { calendarOf, dueAfter, dueUpTo } from './pattern.ts'

const MINUTE = 60_000
/** How late a run may begin where the policy names no window. */
const USUAL_WINDOW_MINUTES = 60

export const windowOf = ({ startWindowMinutes = USUAL_WINDOW_MINUTES }: PolicyRecord): number =>
  startWindowMinutes * MINUTE

export interface Slots {
  /** The last one that has come due. */
  readonly latest: Date
  /** Whether it may still begin. */
  readonly open: boolean
  /** The last one that is not run any more, if there is any since the first one. */
  readonly missedUntil?: Date
  /** The first one to come. */
  readonly next: Date
}

/** What has come due since `first`, the earliest due time that has not been dealt with. */
export function slotsUpTo(policy: PolicyRecord, first: Date, at: Date): Slots {
  const calendar = calendarOf(policy.patterns, policy.createdAt)
  const reached = dueUpTo(calendar, at)
  const latest = reached !== undefined && reached > first ? reached : first
  const open = at.getTime() - latest.getTime() <= windowOf(policy)
  const missedUntil = open ? dueUpTo(calendar, new Date(latest.getTime() - 1)) : latest
  return {
    latest,
    open,
    next: dueAfter(calendar, latest),
    ...(missedUntil && missedUntil >= first && { missedUntil }),
  }
}
