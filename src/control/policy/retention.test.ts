/** Retention by number, held to a model that asks of each backup alone whether some rule keeps it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKept, type Made } from '../../../test/simulation/retention-model.ts'
import type { PolicyoODCreate } from '../../contract/operations.gen.ts'
import { superfluous } from './retention.ts'

/** A moment by which no advanced rule keeps anything. */
const LATE = new Date(Date.UTC(2200, 0, 1))
const kept = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 }))
const definition = fc
  .record({
    max_backups: fc.integer({ min: -1, max: 8 }),
    day_backups: kept,
    week_backups: kept,
    month_backups: kept,
    year_backups: kept,
    timezone: fc.constantFrom('UTC+00:00', 'UTC+08:00', 'UTC-11:30', 'UTC+14:00', 'UTC+05:45'),
  })
  .filter(rules => rules.max_backups > 0 || rules.day_backups + rules.week_backups + rules.month_backups > 0)

/** Backups some hours apart; now and then a pause of weeks. */
const backups = fc
  .tuple(
    fc.integer({ min: Date.UTC(2019, 11, 1), max: Date.UTC(2030, 1, 1) }),
    fc.array(
      fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 30 * 60 }) }, fc.integer({ min: 0, max: 60_000 })),
      {
        maxLength: 60,
        size: 'max',
      },
    ),
  )
  .map(([start, minutes]) => {
    let at = start
    return minutes.map((after, index): Made => {
      at += after * 60_000
      return { id: String(index).padStart(4, '0'), createdAt: new Date(at) }
    })
  })

test('what goes is what no rule keeps, oldest first', () => {
  fc.assert(
    fc.property(backups, definition, (all, rules) => {
      const gone = all.filter(backup => !isKept(backup, all, rules))
      assert.deepEqual(superfluous(all.toReversed(), rules, LATE), gone)
    }),
    { numRuns: 60 },
  )
})

test('evaluated after every backup, it keeps what it would keep of them all', () => {
  fc.assert(
    fc.property(backups, definition, (all, rules) => {
      let alive: readonly Made[] = []
      for (const backup of all) {
        const now = [...alive, backup]
        const gone = new Set(superfluous(now, rules, LATE))
        alive = now.filter(one => !gone.has(one))
        assert.ok(alive.includes(backup), 'the newest one always stays')
      }
      const atOnce = new Set(superfluous(all, rules, LATE))
      assert.deepEqual(
        alive,
        all.filter(one => !atOnce.has(one)),
      )
    }),
    { numRuns: 60 },
  )
})

const daily = (days: number, hour = 2): readonly Made[] =>
  Array.from({ length: days }, (_, day) => ({
    id: String(day).padStart(4, '0'),
    createdAt: new Date(Date.UTC(2026, 10, 1 + day, hour)),
  }))
const left = (all: readonly Made[], rules: PolicyoODCreate): number => all.length - superfluous(all, rules, LATE).length

test('five days and one week keep five: the last of the week is the last of the days (semantics 10)', () => {
  assert.equal(left(daily(20), { day_backups: 5, week_backups: 1, timezone: 'UTC+00:00' }), 5)
})

test('days that have no backup do not count', () => {
  const rare = daily(300).filter((_, day) => day % 30 === 0)
  assert.equal(left(rare, { day_backups: 5, timezone: 'UTC+00:00' }), 5)
})

test('-1, 0 and nothing limit nothing', () => {
  for (const rules of [{}, { max_backups: -1 }, { max_backups: 0 }, { day_backups: 0, year_backups: 0 }]) {
    assert.equal(left(daily(30), rules), 30)
  }
})

test('a day ends when it ends in the zone of the policy', () => {
  const around = [22, 23, 24, 25].map((hour, at) => ({
    id: String(at),
    createdAt: new Date(Date.UTC(2026, 10, 1, hour)),
  }))
  const gone = (timezone: string) => superfluous(around, { day_backups: 9, timezone }, LATE).map(({ id }) => id)
  assert.deepEqual(gone('UTC+00:00'), ['0', '2'])
  assert.deepEqual(gone('UTC+01:00'), ['1', '2'])
})
