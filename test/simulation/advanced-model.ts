/**
 * Advanced retention, day by day, by the platform's own calendar: nothing of it is shared with what it is compared to. A
 * backup is kept while the present day is before the day on which its rule ends.
 */
export interface AdvancedRule {
  readonly retention_type?: 'WEEKLY' | 'MONTHLY'
  readonly days_of_week?: readonly string[]
  readonly days_of_month?: readonly number[]
  readonly retention_weeks?: readonly string[]
  readonly retention_months?: readonly string[]
  readonly retention_duration_periods: number
}
export type AdvancedRules = { readonly [unit in 'weekly' | 'monthly' | 'yearly']?: AdvancedRule }

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
  /** `MONDAY` */
  readonly weekday: string
  /** `JANUARY` */
  readonly monthName: string
}

function dayIn(timezone: string, at: Date): Day {
  const zone = { timeZone: timezone.replace('UTC', '') }
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en', { ...zone, ...options }).format(at)
  return {
    year: Number(part({ year: 'numeric' })),
    month: Number(part({ month: 'numeric' })),
    day: Number(part({ day: 'numeric' })),
    weekday: part({ weekday: 'long' }).toUpperCase(),
    monthName: part({ month: 'long' }).toUpperCase(),
  }
}

/** Days of a month by trying: the first that the calendar turns into the next month's is one too many. */
function lengthOf(year: number, month: number): number {
  let day = 28
  while (new Date(Date.UTC(year, month - 1, day + 1, 12)).getUTCMonth() === month - 1) day += 1
  return day
}

const ORDER = ['FIRST', 'SECOND', 'THIRD', 'FOURTH']

function isMeant(unit: string, rule: AdvancedRule, made: Day): boolean {
  const isWeekday = rule.days_of_week?.includes(made.weekday) ?? false
  if (unit === 'weekly') return isWeekday
  if (unit === 'yearly' && !rule.retention_months?.includes(made.monthName)) return false
  const length = lengthOf(made.year, made.month)
  if (rule.retention_type !== 'WEEKLY') {
    return (rule.days_of_month ?? []).some(day => (day === -1 ? length : day) === made.day)
  }
  let earlier = 0
  let later = 0
  for (let day = made.day - 7; day >= 1; day -= 7) earlier += 1
  for (let day = made.day + 7; day <= length; day += 7) later += 1
  const weeks = rule.retention_weeks ?? []
  return isWeekday && (weeks.includes(ORDER[earlier] ?? '') || (later === 0 && weeks.includes('LAST')))
}

/** Milliseconds at which the last rule that keeps it ends; 0 where none does. */
export function advancedEnd(rules: AdvancedRules, timezone: string, at: Date): number {
  const made = dayIn(timezone, at)
  const ends = Object.entries(rules).flatMap(([unit, rule]) => {
    const periods = rule.retention_duration_periods
    if (periods === -1 || !isMeant(unit, rule, made)) return []
    if (unit === 'weekly') return at.getTime() + periods * 7 * 86_400_000
    let { year, month } = made
    for (let left = unit === 'yearly' ? periods * 12 : periods; left > 0; left -= 1) {
      month += 1
      if (month > 12) [year, month] = [year + 1, 1]
    }
    const day = Math.min(made.day, lengthOf(year, month))
    const days = (Date.UTC(year, month - 1, day) - Date.UTC(made.year, made.month - 1, made.day)) / 86_400_000
    return at.getTime() + days * 86_400_000
  })
  return Math.max(0, ...ends)
}
