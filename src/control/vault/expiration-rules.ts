/** Days of UpdateExpirationTime (semantics 3.9). */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'

const DAY = /^\d{4}-\d{2}-\d{2}$/
const ZONE = /^UTC([+-])(0\d|1[0-4]):([0-5]\d)$/
const MINUTE = 60_000
const DAY_LENGTH = 24 * 60 * MINUTE

/** The last millisecond of a day in a zone: a backup lives through the day on which it expires. 9900. */
export function endOfDay(day: string, zone = 'UTC+00:00'): Date {
  const midnight = DAY.test(day) ? Date.parse(`${day}T00:00:00.000Z`) : Number.NaN
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) {
    refuse('9900', { expect_expiration_date: day, form: 'YYYY-MM-DD' })
  }
  const [, sign, hours, minutes] = ZONE.exec(zone) ?? refuse('9900', { time_zone: zone, form: 'UTC+08:00' })
  const ahead = (Number(hours) * 60 + Number(minutes)) * MINUTE
  return new Date(midnight + DAY_LENGTH - 1 - (sign === '-' ? -ahead : ahead))
}

/** Automatic backups whose time ends sooner: only they are kept longer, and none is ever shortened. */
export const expiringBefore = (backups: readonly BackupRecord[], end: Date): readonly BackupRecord[] =>
  backups.filter(
    ({ autoTrigger, status, expiredAt }) =>
      autoTrigger && status === 'available' && expiredAt !== undefined && expiredAt < end,
  )
