/**
 * Retention by number as the contract words it, one backup at a time: is there a rule that keeps it? Slow and plain, and
 * nothing of it is shared with what it is compared to.
 */
import type { PolicyoODCreate } from '../../src/contract/operations.gen.ts'

export interface Made {
  readonly id: string
  readonly createdAt: Date
}

/** The names of the periods that a day, YYYY-MM-DD, lies in; a week has the name of its Monday. */
const periodOf: Readonly<Record<string, (day: string) => string>> = {
  day_backups: day => day,
  week_backups: day => {
    const monday = new Date(`${day}T12:00:00Z`)
    while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() - 1)
    return monday.toISOString().slice(0, 10)
  },
  month_backups: day => day.slice(0, 7),
  year_backups: day => day.slice(0, 4),
}

/** The day of a moment in a zone, by the platform's own calendar. */
function dayIn(timezone: string): (at: Date) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone.replace('UTC', ''), dateStyle: 'short' })
  return at => format.format(at)
}

const isNewer = (one: Made, other: Made): boolean =>
  one.createdAt.getTime() - other.createdAt.getTime() > 0 || (+one.createdAt === +other.createdAt && one.id > other.id)

export function isKept(backup: Made, all: readonly Made[], definition: PolicyoODCreate): boolean {
  const newer = all.filter(other => isNewer(other, backup))
  if (newer.length < (definition.max_backups ?? 0)) return true
  const day = dayIn(definition.timezone ?? 'UTC+00:00')
  return Object.entries(periodOf).some(([rule, name]) => {
    const later = new Set(newer.map(other => name(day(other.createdAt))))
    return !later.has(name(day(backup.createdAt))) && later.size < Number(definition[rule as 'day_backups'] ?? 0)
  })
}
