/**
 * Which backups a policy keeps by their number (semantics 10): the newest so many, and the last one of each of the last
 * so many days, weeks, months and years that have any, in the policy's time zone, and for a time those of certain days
 * (advanced-retention.ts); whatever one of the rules keeps, stays. Weeks begin on Monday.
 */
import type { PolicyoODCreate } from '../../contract/operations.gen.ts'
import { zoneOffset } from '../../contract/time-zone.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import { inOrder } from '../backup/backup-rules.ts'
import { keptUntil } from './advanced-retention.ts'

type Made = Pick<BackupRecord, 'id' | 'createdAt'>

const DAY = 24 * 60 * 60 * 1000
/** 1970-01-01 was a Thursday, the fourth day of its week. */
const DAYS_BEFORE_FIRST = 3

/** The period a moment of the zone's own time lies in, counted from some beginning. */
const periods = {
  day_backups: (local: Date) => Math.floor(local.getTime() / DAY),
  week_backups: (local: Date) => Math.floor((local.getTime() / DAY + DAYS_BEFORE_FIRST) / 7),
  month_backups: (local: Date) => local.getUTCFullYear() * 12 + local.getUTCMonth(),
  year_backups: (local: Date) => local.getUTCFullYear(),
} as const

const longTerm = Object.keys(periods) as readonly (keyof typeof periods)[]

/** Whether the policy keeps backups for long: one of some days, weeks, months or years. */
export const keepsLong = (definition: PolicyoODCreate): boolean => longTerm.some(rule => (definition[rule] ?? 0) > 0)

/** Whether the policy limits the number of backups at all. -1, 0 and nothing mean that it does not. */
export const keepsByNumber = (definition: PolicyoODCreate): boolean =>
  (definition.max_backups ?? 0) > 0 || keepsLong(definition)

/** Those of one resource's backups that no rule keeps at that moment, oldest first. */
export function superfluous<B extends Made>(
  backups: readonly B[],
  definition: PolicyoODCreate,
  now: Date,
): readonly B[] {
  if (!keepsByNumber(definition)) return []
  const newestFirst = inOrder(backups).toReversed()
  const kept = new Set(newestFirst.slice(0, Math.max(definition.max_backups ?? 0, 0)))
  const ahead = zoneOffset(definition.timezone ?? '') ?? 0
  for (const rule of longTerm) {
    for (const backup of lastOfEach(newestFirst, definition[rule] ?? 0, at => periods[rule](at), ahead))
      kept.add(backup)
  }
  const isKeptLonger = ({ createdAt }: B) => (keptUntil(definition, createdAt) ?? now) > now
  return newestFirst.filter(backup => !kept.has(backup) && !isKeptLonger(backup)).toReversed()
}

/** The last backup of each of the last `most` periods that have any. */
function lastOfEach<B extends Made>(
  newestFirst: readonly B[],
  most: number,
  periodOf: (local: Date) => number,
  ahead: number,
): readonly B[] {
  const last = new Map<number, B>()
  for (const backup of newestFirst) {
    const period = periodOf(new Date(backup.createdAt.getTime() + ahead))
    if (last.has(period)) continue
    if (last.size >= most) break
    last.set(period, backup)
  }
  return [...last.values()]
}

/** For how many days the policy keeps what it makes at that moment; -1: its age says nothing. */
export const daysKept = (definition: PolicyoODCreate, at: Date): number => {
  const days = definition.retention_duration_days ?? -1
  if (days <= 0) return -1
  const longer = keptUntil(definition, at) ?? at
  return Math.max(days, Math.round((longer.getTime() - at.getTime()) / DAY))
}
