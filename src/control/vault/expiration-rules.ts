/** Days of UpdateExpirationTime (semantics 3.9). */
import { refuse } from '../../contract/errors.ts'
import { zoneOffset } from '../../contract/time-zone.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'

const DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_LENGTH = 24 * 60 * 60_000

/** The last millisecond of a day in a zone: a backup lives through the day on which it expires. 9900. */
export function endOfDay(day: string, zone = 'UTC+00:00'): Date {
  const midnight = DAY.test(day) ? Date.parse(`${day}T00:00:00.000Z`) : Number.NaN
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) {
    refuse('9900', { expect_expiration_date: day, form: 'YYYY-MM-DD' })
  }
  const ahead = zoneOffset(zone) ?? refuse('9900', { time_zone: zone, form: 'UTC+08:00' })
  return new Date(midnight + DAY_LENGTH - 1 - ahead)
}

/** Failed, or on its way out already. */
const OVER: readonly BackupRecord['status'][] = ['error', 'waiting_delete', 'deleting']

/**
 * Automatic backups whose time ends sooner: only they are kept longer, and none is ever shortened. One that is being made
 * or restored from just now is no exception.
 */
export const expiringBefore = (backups: readonly BackupRecord[], end: Date): readonly BackupRecord[] =>
  backups.filter(
    ({ autoTrigger, status, expiredAt }) =>
      autoTrigger && !OVER.includes(status) && expiredAt !== undefined && expiredAt < end,
  )
