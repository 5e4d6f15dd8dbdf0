/**
 * `advanced_retention_rules` (semantics 9.3): which backups a policy keeps for longer, by the day on which they were made in
 * its time zone (UTC where it names none):
 *
 *     weekly:  days_of_week, for so many weeks
 *     monthly: days_of_month (-1: the last one), or days_of_week in the FIRST to FOURTH or LAST week they have, for months
 *     yearly:  the same within retention_months, for years
 *
 * They add to the policy's other rules and take nothing away. Periods of -1 switch a rule off.
 */
import { refuse } from '../../contract/errors.ts'
import type { PolicyoODCreate } from '../../contract/operations.gen.ts'
import { zoneOffset } from '../../contract/time-zone.ts'

type Unit = 'weekly' | 'monthly' | 'yearly'

interface Rule {
  readonly unit: Unit
  readonly periods: number
  readonly isOn: (local: Date) => boolean
}

const DAY = 24 * 60 * 60 * 1000
const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY']
const MONTHS = 'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER'.split(' ')
const WEEKS = ['FIRST', 'SECOND', 'THIRD', 'FOURTH', 'LAST']
const MOST_PERIODS: Readonly<Record<Unit, number>> = { weekly: 5200, monthly: 1200, yearly: 100 }
const LAST_DAY = -1
const MOST_DAY = 28

/** Throws 9900 for what is no rule. */
export const checkAdvanced = (definition: PolicyoODCreate): void => {
  rulesOf(definition)
}

/** When the last of the rules ends that keep a backup made at that moment; undefined where none does. */
export function keptUntil(definition: PolicyoODCreate, madeAt: Date): Date | undefined {
  const ahead = zoneOffset(definition.timezone ?? '') ?? 0
  const local = new Date(madeAt.getTime() + ahead)
  const ends = rulesOf(definition)
    .filter(rule => rule.isOn(local))
    .map(rule => endOf(rule, local) - ahead)
  return ends.length > 0 ? new Date(Math.max(...ends)) : undefined
}

function rulesOf({ advanced_retention_rules: sent }: PolicyoODCreate): readonly Rule[] {
  if (sent === undefined) return []
  return Object.entries(sent).flatMap(([unit, rule]) => {
    if (!isUnit(unit)) refuse('9900', { advanced_retention_rules: unit })
    return rule === null || rule === undefined ? [] : ruleOf(unit, rule)
  })
}

const isUnit = (name: string): name is Unit => name in MOST_PERIODS

function ruleOf(unit: Unit, sent: unknown): readonly Rule[] {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) refuse('9900', { [unit]: 'is an object' })
  const fields = new Map(Object.entries(sent))
  const periods: unknown = fields.get('retention_duration_periods') ?? -1
  const fits =
    Number.isInteger(periods) && (periods === -1 || (Number(periods) >= 1 && Number(periods) <= MOST_PERIODS[unit]))
  if (!fits) refuse('9900', { [unit]: 'retention_duration_periods', range: `-1, or 1 to ${MOST_PERIODS[unit]}` })
  if (periods === -1) return []
  return [{ unit, periods: Number(periods), isOn: daysOf(unit, fields) }]
}

type Fields = ReadonlyMap<string, unknown>

function daysOf(unit: Unit, fields: Fields): Rule['isOn'] {
  if (unit === 'weekly') return weekdays(fields)
  const months = unit === 'yearly' ? named(fields, 'retention_months', MONTHS) : undefined
  const days = fields.get('retention_type') === 'WEEKLY' ? weekdaysOfMonth(fields) : daysOfMonth(fields)
  return local => (months === undefined || months.has(local.getUTCMonth())) && days(local)
}

function weekdays(fields: Fields): Rule['isOn'] {
  const wanted = named(fields, 'days_of_week', WEEKDAYS)
  return local => wanted.has(local.getUTCDay())
}

function weekdaysOfMonth(fields: Fields): Rule['isOn'] {
  const isWeekday = weekdays(fields)
  const weeks = named(fields, 'retention_weeks', WEEKS)
  return local => {
    const day = local.getUTCDate()
    const isLast = day + 7 > daysIn(local)
    return isWeekday(local) && (weeks.has(Math.floor((day - 1) / 7)) || (isLast && weeks.has(WEEKS.indexOf('LAST'))))
  }
}

function daysOfMonth(fields: Fields): Rule['isOn'] {
  const type: unknown = fields.get('retention_type') ?? 'MONTHLY'
  if (type !== 'MONTHLY') refuse('9900', { retention_type: 'is WEEKLY or MONTHLY' })
  const days = listOf(fields, 'days_of_month').map(Number)
  const fits = (day: number) => day === LAST_DAY || (Number.isInteger(day) && day >= 1 && day <= MOST_DAY)
  if (!days.every(fits)) refuse('9900', { days_of_month: `-1, or 1 to ${MOST_DAY}` })
  return local => days.includes(local.getUTCDate()) || (days.includes(LAST_DAY) && local.getUTCDate() === daysIn(local))
}

/** Positions of names in a list. Their beginnings will do (MO, JAN), and numbers of months. */
function named(fields: Fields, field: string, names: readonly string[]): ReadonlySet<number> {
  const found = listOf(fields, field).map(one => {
    const word = String(one).toUpperCase()
    if (names === MONTHS && /^\d+$/.test(word)) return Number(word) >= 1 && Number(word) <= 12 ? Number(word) - 1 : -1
    return word.length < (names === WEEKDAYS ? 2 : 3) ? -1 : names.findIndex(name => name.startsWith(word))
  })
  if (found.includes(-1)) refuse('9900', { [field]: `takes ${names.join(', ')}` })
  return new Set(found)
}

/** One value, several, or a list with commas; at least one. */
function listOf(fields: Fields, field: string): readonly unknown[] {
  const sent = fields.get(field)
  const all = Array.isArray(sent) ? sent : typeof sent === 'string' ? sent.split(',') : sent === undefined ? [] : [sent]
  if (all.length === 0) refuse('9900', { [field]: 'is missing' })
  return all
}

const daysIn = (local: Date): number =>
  new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate()

/** The same time of the day so many periods later; a day that its month has not is the month's last. */
function endOf({ unit, periods }: Rule, local: Date): number {
  if (unit === 'weekly') return local.getTime() + periods * 7 * DAY
  const months = unit === 'monthly' ? periods : 12 * periods
  const first = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + months, 1))
  const day = Math.min(local.getUTCDate(), daysIn(first))
  return first.getTime() + (day - 1) * DAY + (local.getTime() % DAY)
}
