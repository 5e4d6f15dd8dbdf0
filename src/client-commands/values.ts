/** What options take. A wrong value is the command line's fault: exit code 2. */
import { InvalidArgumentError } from 'commander'

/** Collects what an option that may be repeated is given. */
export const several = (value: string, before: readonly string[]): readonly string[] => [...before, value]

export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('it must be a whole number.')
  return Number(value)
}

export function positiveNumber(value: string): number {
  const number = wholeNumber(value)
  if (number === 0) throw new InvalidArgumentError('it must be at least 1.')
  return number
}

export function percent(value: string): number {
  const number = /^\d{1,3}(\.\d+)?%?$/.test(value) ? Number.parseFloat(value) : Number.NaN
  if (!(number <= 100)) throw new InvalidArgumentError('it must be from 0 to 100.')
  return number
}

export function timeOfDay(value: string): readonly [hour: number, minute: number] {
  const [, hour = '', minute = ''] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(value) ?? []
  if (hour === '') throw new InvalidArgumentError('it must be a time of day, HH:MM.')
  return [Number(hour), Number(minute)]
}
