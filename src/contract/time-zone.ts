const ZONE = /^UTC([+-])(0\d|1[0-4]):([0-5]\d)$/
const MINUTE = 60_000

/** Milliseconds by which a zone such as `UTC+08:00` is ahead of UTC; undefined for a text that names none. */
export function zoneOffset(zone: string): number | undefined {
  const [, sign, hours, minutes] = ZONE.exec(zone) ?? []
  if (sign === undefined) return undefined
  const ahead = (Number(hours) * 60 + Number(minutes)) * MINUTE
  return sign === '-' ? -ahead : ahead
}
