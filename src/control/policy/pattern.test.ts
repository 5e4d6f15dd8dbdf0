/** The calendar of patterns, held to an implementation of RFC 5545 that is none of ours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { refused } from '../../../test/desk.ts'
import { dueTimes } from '../../../test/simulation/calendar-model.ts'
import { calendarOf, dueAfter, dueUpTo } from './pattern.ts'

const DAY = 24 * 60 * 60 * 1000
const START = new Date('2026-11-23T14:15:54.210Z')

const expected = (patterns: readonly string[], start: Date, days: number): readonly number[] =>
  dueTimes(patterns, start, { from: start, to: new Date(start.getTime() + days * DAY) })

function walked(patterns: readonly string[], start: Date, days: number): readonly number[] {
  const calendar = calendarOf(patterns, start)
  const end = start.getTime() + days * DAY
  const times: number[] = []
  for (let at = dueAfter(calendar, start); at.getTime() <= end; at = dueAfter(calendar, at)) times.push(at.getTime())
  return times
}

const weekdays = fc.uniqueArray(fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'), { minLength: 1 })
const hours = fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 5 })
const minute = fc.nat(59)
const weekly = fc
  .tuple(weekdays, hours, minute)
  .map(([days, hour, at]) => `FREQ=WEEKLY;BYDAY=${days};BYHOUR=${hour};BYMINUTE=${at}`)
const daily = fc
  .tuple(fc.integer({ min: 1, max: 30 }), hours, minute)
  .map(([interval, hour, at]) => `FREQ=DAILY;INTERVAL=${interval};BYHOUR=${hour};BYMINUTE=${at}`)
const pattern = fc.oneof(weekly, daily)
const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })

test('one pattern is due when RFC 5545 says so, for 100 days from any moment', () => {
  fc.assert(
    fc.property(pattern, moment, (text, start) => {
      assert.deepEqual(walked([text], start, 100), expected([text], start, 100))
    }),
    { numRuns: 150 },
  )
})

test('several patterns are due together, and are accepted exactly if no two of their runs are too close', () => {
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 2, maxLength: 4 }), moment, (texts, start) => {
      // 30 * 29 * 7 days hold every way in which two of them can meet; 30 days of a rare meeting are enough to find most.
      const times = expected(texts, start, 900)
      const isClose = times.some((time, at) => at > 0 && time - (times[at - 1] ?? 0) < 60 * 60_000)
      if (isClose) assert.throws(() => calendarOf(texts, start), { name: 'Refusal', code: '9900' })
      else if (isAccepted(texts, start)) assert.deepEqual(walked(texts, start, 900), times)
    }),
    { numRuns: 60 },
  )
})

function isAccepted(texts: readonly string[], start: Date): boolean {
  try {
    calendarOf(texts, start)
    return true
  } catch {
    return false
  }
}

test('two patterns that are refused do come too close some day', () => {
  fc.assert(
    fc.property(fc.tuple(pattern, pattern), moment, (texts, start) => {
      if (isAccepted(texts, start)) return
      const times = expected(texts, start, 30 * 30 + 7)
      assert.ok(times.some((time, at) => at > 0 && time - (times[at - 1] ?? 0) < 60 * 60_000))
    }),
    { numRuns: 60 },
  )
})

test('the last due time up to a moment is the one before the first after it', () => {
  fc.assert(
    fc.property(pattern, moment, fc.integer({ min: 0, max: 400 * DAY }), (text, start, later) => {
      const calendar = calendarOf([text], start)
      const at = new Date(start.getTime() + later)
      const last = dueUpTo(calendar, at)
      const next = dueAfter(calendar, at)
      assert.ok(next > at)
      if (last === undefined) assert.deepEqual(dueAfter(calendar, start), next)
      else assert.ok(last <= at && last > start && dueAfter(calendar, last).getTime() === next.getTime())
    }),
  )
})

test('an interval begins on the day of creation; a time that has passed on that day waits for the next cycle', () => {
  const due = (text: string) => dueAfter(calendarOf([text], START), START).toISOString()
  assert.equal(due('FREQ=DAILY;INTERVAL=3;BYHOUR=15;BYMINUTE=00'), '2026-11-23T15:00:00.000Z')
  assert.equal(due('FREQ=DAILY;INTERVAL=3;BYHOUR=14;BYMINUTE=00'), '2026-11-26T14:00:00.000Z')
  assert.equal(due('FREQ=DAILY;BYHOUR=14;BYMINUTE=15'), '2026-11-24T14:15:00.000Z')
  assert.equal(due('FREQ=WEEKLY;BYDAY=SU;BYHOUR=14;BYMINUTE=00'), '2026-11-29T14:00:00.000Z')
})

const wrong: Readonly<Record<string, readonly string[]>> = {
  'no pattern at all': [''],
  'another frequency': ['FREQ=MONTHLY;BYHOUR=2;BYMINUTE=0'],
  'no frequency': ['BYDAY=MO;BYHOUR=2;BYMINUTE=0'],
  'no hour': ['FREQ=DAILY;INTERVAL=1;BYMINUTE=0'],
  'no minute': ['FREQ=DAILY;INTERVAL=1;BYHOUR=2'],
  'no day of the week': ['FREQ=WEEKLY;BYHOUR=2;BYMINUTE=0'],
  'an unknown day': ['FREQ=WEEKLY;BYDAY=MO,XX;BYHOUR=2;BYMINUTE=0'],
  'a weekly interval': ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=2;BYMINUTE=0'],
  'days of a daily one': ['FREQ=DAILY;BYDAY=MO;BYHOUR=2;BYMINUTE=0'],
  'interval 0': ['FREQ=DAILY;INTERVAL=0;BYHOUR=2;BYMINUTE=0'],
  'interval 31': ['FREQ=DAILY;INTERVAL=31;BYHOUR=2;BYMINUTE=0'],
  'two intervals': ['FREQ=DAILY;INTERVAL=1,2;BYHOUR=2;BYMINUTE=0'],
  'hour 24': ['FREQ=DAILY;BYHOUR=24;BYMINUTE=0'],
  'minute 60': ['FREQ=DAILY;BYHOUR=2;BYMINUTE=60'],
  'a sign': ['FREQ=DAILY;BYHOUR=-2;BYMINUTE=0'],
  'an empty part': ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0;'],
  'an empty value': ['FREQ=DAILY;BYHOUR=;BYMINUTE=0'],
  'a part twice': ['FREQ=DAILY;BYHOUR=2;BYHOUR=3;BYMINUTE=0'],
  'another part': ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0;COUNT=3'],
  'small letters': ['freq=DAILY;BYHOUR=2;BYMINUTE=0'],
  blanks: ['FREQ=DAILY; BYHOUR=2;BYMINUTE=0'],
  'minutes of one hour': ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30'],
  '25 and more a day': ['FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=0,30'],
  'an hour before and after midnight': ['FREQ=DAILY;BYHOUR=0;BYMINUTE=10', 'FREQ=DAILY;BYHOUR=23;BYMINUTE=20'],
  'the end of one day, the beginning of the next': [
    'FREQ=WEEKLY;BYDAY=SU;BYHOUR=23;BYMINUTE=30',
    'FREQ=WEEKLY;BYDAY=MO;BYHOUR=0;BYMINUTE=0',
  ],
  'intervals that meet once in 870 days': [
    'FREQ=DAILY;INTERVAL=29;BYHOUR=2;BYMINUTE=0',
    'FREQ=DAILY;INTERVAL=30;BYHOUR=2;BYMINUTE=30',
  ],
}

for (const [what, patterns] of Object.entries(wrong)) {
  test(`refused: ${what}`, () =>
    refused(
      '9900',
      Promise.resolve().then(() => calendarOf(patterns, START)),
    ))
}

test('accepted: the same moment twice, an hour apart, days that never meet', () => {
  calendarOf(['FREQ=DAILY;BYHOUR=2;BYMINUTE=0', 'FREQ=WEEKLY;BYDAY=MO;BYHOUR=2;BYMINUTE=0'], START)
  calendarOf([`FREQ=DAILY;BYHOUR=${Array.from({ length: 24 }, (_, hour) => hour)};BYMINUTE=59`], START)
  calendarOf(['FREQ=WEEKLY;BYDAY=MO;BYHOUR=2;BYMINUTE=0', 'FREQ=WEEKLY;BYDAY=WE;BYHOUR=2;BYMINUTE=30'], START)
  // START is a Monday: every seventh day from there is one.
  calendarOf(['FREQ=DAILY;INTERVAL=14;BYHOUR=2;BYMINUTE=0', 'FREQ=WEEKLY;BYDAY=TU;BYHOUR=2;BYMINUTE=30'], START)
})
