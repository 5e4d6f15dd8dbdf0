/** When policies are due, by an implementation of RFC 5545 that is none of ours. */
import { RRuleTemporal } from 'rrule-temporal'

/**
 * Every moment, ascending, after `from` and up to `to` at which the patterns of a policy made at `start` are due. They
 * count from the midnight before `start`, so that an interval's first day is the day on which the policy was made.
 */
export function dueTimes(
  patterns: readonly string[],
  start: Date,
  { from, to }: { readonly from: Date; readonly to: Date },
): readonly number[] {
  const midnight = `${start.toISOString().slice(0, 10).replaceAll('-', '')}T000000Z`
  const times = patterns.flatMap(pattern =>
    new RRuleTemporal({ rruleString: `DTSTART:${midnight}\nRRULE:${pattern};BYSECOND=0` })
      .between(from, to, true)
      .map(at => at.epochMilliseconds),
  )
  const after = Math.max(start.getTime(), from.getTime())
  return [...new Set(times)].filter(time => time > after && time <= to.getTime()).sort((a, b) => a - b)
}
