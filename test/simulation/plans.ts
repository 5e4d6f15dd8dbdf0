/** The policies of a simulated year: drawn from a seed, each with a few changes of mind. */
import type { PolicyCreate, PolicyUpdate } from '../../src/contract/operations.gen.ts'
import type { Random } from '../crash/random.ts'

export interface Change {
  readonly at: Date
  readonly update: PolicyUpdate
}

export interface Plan {
  readonly policy: PolicyCreate
  /** In order of time; never in the year's downtime. */
  readonly changes: readonly Change[]
}

/** The service does not run from the first moment to the second. */
export const DOWNTIME = { from: new Date('2027-03-05T18:20:30.500Z'), to: new Date('2027-03-09T02:40:30.500Z') }

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const ZONES = ['UTC+00:00', 'UTC+08:00', 'UTC-11:30', 'UTC+05:45']

/**
 * Of two hundred policies most run once a month, which makes a thousand vaults bearable; the others every other week, each
 * week, twice on every tenth day, by two patterns, and one every day.
 */
export function drawPlan(index: number, random: Random): Plan {
  const pattern = drawPatterns(index % 200, random)
  const policy: PolicyCreate = {
    name: 'simulated',
    operation_type: 'backup',
    operation_definition: drawRules(random),
    trigger: {
      properties: { pattern, ...(random.below(3) === 0 && { start_window_minutes: 60 + random.below(421) }) },
    },
  }
  return { policy, changes: drawChanges(index, random) }
}

function drawPatterns(lot: number, random: Random): readonly string[] {
  const time = `BYHOUR=${random.below(24)};BYMINUTE=${random.below(60)}`
  const day = random.pick(DAYS) ?? 'MO'
  if (lot === 0) return [`FREQ=DAILY;INTERVAL=1;${time}`]
  if (lot === 1) return ['FREQ=DAILY;INTERVAL=10;BYHOUR=1,13;BYMINUTE=30']
  if (lot < 5) return [`FREQ=WEEKLY;BYDAY=${day};${time}`]
  if (lot < 7) return ['FREQ=DAILY;INTERVAL=30;BYHOUR=4;BYMINUTE=0', `FREQ=WEEKLY;BYDAY=${day};BYHOUR=6;BYMINUTE=30`]
  if (lot < 17) return [`FREQ=DAILY;INTERVAL=${14 + random.below(10)};${time}`]
  return [`FREQ=DAILY;INTERVAL=${26 + random.below(5)};${time}`]
}

function drawRules(random: Random): PolicyCreate['operation_definition'] {
  const lot = random.below(10)
  const longer = random.below(3) === 0 && {
    advanced_retention_rules: drawAdvanced(random),
    timezone: random.pick(ZONES) ?? 'UTC+00:00',
  }
  if (lot < 3) return { max_backups: 1 + random.below(6), ...longer }
  if (lot < 6) return { retention_duration_days: 1 + random.below(120), ...longer }
  if (lot < 7) return {}
  return {
    ...(lot === 9 && { max_backups: 1 + random.below(3) }),
    day_backups: random.below(4),
    week_backups: random.below(4),
    month_backups: random.below(5),
    year_backups: random.below(3),
    timezone: random.pick(ZONES) ?? 'UTC+00:00',
  }
}

const WEEKDAYS = ['MONDAY', 'WEDNESDAY', 'SUNDAY']
const MONTHS = ['JANUARY', 'FEBRUARY', 'MARCH', 'JUNE', 'OCTOBER', 'DECEMBER']

function drawAdvanced(random: Random): Record<string, unknown> {
  const day = () => [random.pick(WEEKDAYS) ?? 'MONDAY']
  const rules = {
    weekly: { days_of_week: day(), retention_duration_periods: 1 + random.below(20) },
    monthly: {
      retention_type: 'WEEKLY',
      days_of_week: [...day(), 'FRIDAY'],
      retention_weeks: ['FIRST', 'LAST'],
      retention_duration_periods: random.below(3) === 0 ? -1 : 1 + random.below(6),
    },
    yearly: {
      retention_type: 'MONTHLY',
      days_of_month: [-1, 1, 2 + random.below(27)],
      retention_months: MONTHS.slice(random.below(4)),
      retention_duration_periods: 1,
    },
  }
  return random.below(2) === 0 ? rules : { weekly: rules.weekly }
}

function drawChanges(index: number, random: Random): readonly Change[] {
  const in2027 = (month: number) => new Date(Date.UTC(2027, month, 1 + random.below(28), random.below(24), 7, 13, 777))
  const lot = random.below(10)
  if (lot === 0) {
    return [
      { at: in2027(3), update: { enabled: false } },
      { at: in2027(5), update: { enabled: true } },
    ]
  }
  if (lot === 1)
    return [{ at: in2027(6), update: { trigger: { properties: { pattern: drawPatterns(index % 200, random) } } } }]
  if (lot <= 3) return [{ at: in2027(7), update: { operation_definition: drawRules(random) } }]
  return []
}
