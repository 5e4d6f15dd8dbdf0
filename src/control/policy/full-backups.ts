import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import { windowOf } from './due-slots.ts'
import { calendarOf, dueUpTo } from './pattern.ts'

const DAY = 24 * 60 * 60 * 1000

/**
 * Whether the next backup of the resource is to be a full one: after as many incremental ones as the policy says, and no
 * sooner than a day after the last full one (semantics 5.2, 9.3).
 */
export function isFullDue(policy: PolicyRecord, resource: ResourceRecord, at: Date): boolean {
  const { full_backup_interval: interval = -1 } = policy.definition
  const { lastFullAt, incrementals = 0 } = resource
  if (interval < 0 || incrementals < interval) return false
  return lastFullAt === undefined || slotOf(policy, at) - slotOf(policy, lastFullAt) >= DAY
}

/** The due time a backup was made for, since one begins a little later every time; else the moment itself. */
function slotOf(policy: PolicyRecord, moment: Date): number {
  const due = dueUpTo(calendarOf(policy.patterns, policy.createdAt), moment)
  const late = due === undefined ? Number.POSITIVE_INFINITY : moment.getTime() - due.getTime()
  return due !== undefined && late <= windowOf(policy) ? due.getTime() : moment.getTime()
}
