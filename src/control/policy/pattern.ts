/**
 * The patterns of a policy's trigger, a subset of RFC 2445 (semantics 9.2), in UTC:
 *
 *     FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=2,14;BYMINUTE=0
 *     FREQ=DAILY;INTERVAL=3;BYHOUR=2;BYMINUTE=0
 *
 * A pattern names days and, on each of them, minutes. Days are counted from 1970-01-01; a daily pattern with an interval
 * counts from the day on which the policy was made.
 */
import { refuse } from '../../contract/errors.ts'

interface Pattern {
  readonly days: { readonly weekdays: ReadonlySet<number> } | { readonly interval: number }
  /** Of the day, ascending. */
  readonly minutes: readonly number[]
}

/** All moments at which a policy is due. */
export interface Calendar {
  readonly patterns: readonly Pattern[]
  readonly start: Date
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const MINUTES_A_DAY = 24 * 60
const LEAST_APART = 60
const MOST_A_DAY = 24
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4
/** The longest interval: within so many days every pattern comes again. */
const LONGEST_INTERVAL = 30

/** Reads the patterns of a policy made at `start`; 9900 unless they are of the subset and leave an hour between runs. */
export function calendarOf(patterns: readonly string[], start: Date): Calendar {
  const calendar = { patterns: patterns.map(parse), start }
  checkDistances(calendar)
  return calendar
}

/** The first moment after this one at which the policy is due. */
export function dueAfter({ patterns, start }: Calendar, moment: Date): Date {
  const after = Math.max(moment.getTime(), start.getTime())
  return new Date(Math.min(...patterns.map(pattern => firstAfter(pattern, dayOf(start.getTime()), after))))
}

/** The last moment up to this one at which the policy was due; undefined if it never was. */
export function dueUpTo({ patterns, start }: Calendar, moment: Date): Date | undefined {
  const first = dayOf(start.getTime())
  const latest = Math.max(...patterns.map(pattern => lastUpTo(pattern, first, moment.getTime())))
  return latest > start.getTime() ? new Date(latest) : undefined
}

const dayOf = (time: number): number => Math.floor(time / DAY)

const isOn = ({ days }: Pattern, first: number, day: number): boolean =>
  'interval' in days ? (day - first) % days.interval === 0 : days.weekdays.has(weekdayOf(day))

const weekdayOf = (day: number): number => (((day + FIRST_WEEKDAY) % 7) + 7) % 7

function firstAfter(pattern: Pattern, first: number, after: number): number {
  const today = dayOf(after)
  for (let day = today; day <= today + LONGEST_INTERVAL; day += 1) {
    if (!isOn(pattern, first, day)) continue
    const minute = pattern.minutes.find(minute => day * DAY + minute * MINUTE > after)
    if (minute !== undefined) return day * DAY + minute * MINUTE
  }
  throw new Error('a pattern that never comes again')
}

/** Negative infinity where there was none in the longest interval: then it began after that. */
function lastUpTo(pattern: Pattern, first: number, upTo: number): number {
  const today = dayOf(upTo)
  for (let day = today; day >= Math.max(first, today - LONGEST_INTERVAL); day -= 1) {
    if (!isOn(pattern, first, day)) continue
    const minute = pattern.minutes.findLast(minute => day * DAY + minute * MINUTE <= upTo)
    if (minute !== undefined) return day * DAY + minute * MINUTE
  }
  return Number.NEGATIVE_INFINITY
}

const NAMES = ['FREQ', 'INTERVAL', 'BYDAY', 'BYHOUR', 'BYMINUTE']

function parse(text: string): Pattern {
  const wrong = (reason: string): never => refuse('9900', { pattern: text, reason })
  const parts = new Map<string, string>()
  for (const part of text.split(';')) {
    const [name = '', value = '', ...rest] = part.split('=')
    if (!NAMES.includes(name) || rest.length > 0) wrong(`'${part}' is none of ${NAMES.join(', ')}`)
    if (parts.has(name)) wrong(`${name} is given twice`)
    parts.set(name, value)
  }
  const numbers = (name: string, least: number, most: number): readonly number[] => {
    const values = (parts.get(name) ?? wrong(`${name} is missing`)).split(',')
    const fits = (value: string) => /^\d{1,2}$/.test(value) && Number(value) >= least && Number(value) <= most
    return values.every(fits) ? values.map(Number) : wrong(`${name} takes numbers from ${least} to ${most}`)
  }
  const hours = numbers('BYHOUR', 0, 23)
  const minutes = numbers('BYMINUTE', 0, 59)
  const times = new Set(hours.flatMap(hour => minutes.map(minute => hour * 60 + minute)))
  if (times.size > MOST_A_DAY) wrong(`at most ${MOST_A_DAY} runs a day`)
  return { days: daysOf(parts, numbers, wrong), minutes: [...times].sort((a, b) => a - b) }
}

function daysOf(
  parts: ReadonlyMap<string, string>,
  numbers: (name: string, least: number, most: number) => readonly number[],
  wrong: (reason: string) => never,
): Pattern['days'] {
  const frequency = parts.get('FREQ')
  if (frequency === 'DAILY') {
    if (parts.has('BYDAY')) wrong('BYDAY goes with FREQ=WEEKLY')
    const [interval = 1, ...more] = parts.has('INTERVAL') ? numbers('INTERVAL', 1, LONGEST_INTERVAL) : []
    return more.length === 0 ? { interval } : wrong('INTERVAL is one number')
  }
  if (frequency !== 'WEEKLY') wrong('FREQ is DAILY or WEEKLY')
  if (parts.has('INTERVAL')) wrong('INTERVAL goes with FREQ=DAILY')
  const named = (parts.get('BYDAY') ?? wrong('BYDAY is missing')).split(',')
  const weekdays = named.map(day => WEEKDAYS.indexOf(day))
  return weekdays.includes(-1) ? wrong(`BYDAY takes ${WEEKDAYS.join(', ')}`) : { weekdays: new Set(weekdays) }
}

/**
 * Any two moments are the same or at least an hour apart (9900), in whatever year they come: of two patterns it is asked
 * whether they ever share a day, or one's day ever follows the other's.
 */
function checkDistances({ patterns, start }: Calendar): void {
  const first = dayOf(start.getTime())
  for (const [at, one] of patterns.entries()) {
    for (const other of patterns.slice(at)) {
      for (const shift of [-1, 0, 1]) {
        if (meets(one, other, shift, first)) checkApart(one, other, shift)
      }
    }
  }
}

/** Whether the other pattern is ever on the day so many days after one of this pattern's. */
function meets({ days }: Pattern, { days: others }: Pattern, shift: number, first: number): boolean {
  if ('weekdays' in days) {
    if ('weekdays' in others) return [...days.weekdays].some(day => others.weekdays.has((day + shift + 7) % 7))
    return meets({ days: others, minutes: [] }, { days, minutes: [] }, -shift, first)
  }
  if ('interval' in others) return shift % greatestCommonDivisor(days.interval, others.interval) === 0
  // A multiple of a week stays on the weekday it began on; any other interval comes to all of them.
  return days.interval % 7 === 0 ? others.weekdays.has(weekdayOf(first + shift)) : true
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function checkApart(one: Pattern, other: Pattern, shift: number): void {
  for (const minute of one.minutes) {
    for (const later of other.minutes) {
      const apart = Math.abs(later + shift * MINUTES_A_DAY - minute)
      if (apart > 0 && apart < LEAST_APART) refuse('9900', { pattern: 'runs are at least one hour apart', apart })
    }
  }
}
