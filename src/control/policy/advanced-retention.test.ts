/** Advanced retention, held to a model that goes by the platform's calendar; and through the jobs that follow it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openPolicyStage } from '../../../test/policy-stage.ts'
import { advancedEnd } from '../../../test/simulation/advanced-model.ts'
import { keptUntil } from './advanced-retention.ts'

const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY']
const MONTHS = 'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER'.split(' ')
const some = <T>(all: readonly T[]) => fc.subarray([...all], { minLength: 1 })
const periods = (most: number) => fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: most }))
const shared = {
  retention_type: fc.constantFrom('WEEKLY' as const, 'MONTHLY' as const),
  days_of_week: some(WEEKDAYS),
  days_of_month: some([-1, ...Array.from({ length: 28 }, (_, day) => day + 1)]),
  retention_weeks: some(['FIRST', 'SECOND', 'THIRD', 'FOURTH', 'LAST']),
}
const rules = fc.record(
  {
    weekly: fc.record({ days_of_week: some(WEEKDAYS), retention_duration_periods: periods(5200) }),
    monthly: fc.record({ ...shared, retention_duration_periods: periods(1200) }),
    yearly: fc.record({ ...shared, retention_months: some(MONTHS), retention_duration_periods: periods(100) }),
  },
  { requiredKeys: [] },
)
const zone = fc.constantFrom('UTC+00:00', 'UTC+08:00', 'UTC-11:30', 'UTC+14:00')
const moment = fc
  .integer({ min: Date.UTC(2019, 0, 1), max: Date.UTC(2040, 0, 1) })
  .map(at => new Date(at - (at % 60_000)))

test('what is kept, and until when, is what the model says', () => {
  fc.assert(
    fc.property(rules, zone, moment, (advanced, timezone, at) => {
      const until = keptUntil({ advanced_retention_rules: advanced, timezone }, at)
      assert.equal(until?.getTime() ?? 0, advancedEnd(advanced, timezone, at))
    }),
    { numRuns: 300 },
  )
})

test('short names, numbers and lists with commas say the same', () => {
  const monday = new Date('2027-02-01T02:00:00Z')
  const until = (rule: Readonly<Record<string, unknown>>) =>
    keptUntil({ advanced_retention_rules: rule }, monday)?.toISOString()
  assert.equal(until({ weekly: { days_of_week: 'MO,TU', retention_duration_periods: 2 } }), '2027-02-15T02:00:00.000Z')
  const yearly = { retention_type: 'WEEKLY', days_of_week: ['Mon'], retention_weeks: 'FIRST' }
  const rule = { ...yearly, retention_months: [2], retention_duration_periods: 1 }
  assert.equal(until({ yearly: rule }), '2028-02-01T02:00:00.000Z')
})

/** Days since the beginning, at 02:00 on each of which there is a backup. */
async function kept(rules: Readonly<Record<string, unknown>>, nights: number) {
  await using stage = await openPolicyStage()
  const vault = await stage.vault([await stage.disk()])
  const { id } = await stage.calls.create({ operation_definition: rules })
  await stage.calls.apply(vault, id)
  for (let night = 1; night <= nights; night += 1) {
    await stage.goTo(new Date(Date.UTC(2026, 10, 23 + night, 2)))
    await stage.schedule.sweep()
    await stage.work()
  }
  assert.deepEqual(stage.complaints, [])
  return (await stage.backups(vault)).map(({ createdAt }) => createdAt.toISOString().slice(0, 10))
}

const sundays = { weekly: { days_of_week: ['SU'], retention_duration_periods: 3 } }

test('with rules by number, those of the days stay beside the newest, and go when their time is over', async () => {
  const left = await kept({ max_backups: 2, advanced_retention_rules: sundays }, 30)
  assert.deepEqual(left, ['2026-12-06', '2026-12-13', '2026-12-20', '2026-12-22', '2026-12-23'])
})

test('with a time to live, those of the days live longer', async () => {
  const left = await kept({ retention_duration_days: 2, advanced_retention_rules: sundays }, 30)
  assert.deepEqual(left, ['2026-12-06', '2026-12-13', '2026-12-20', '2026-12-22', '2026-12-23'])
})
