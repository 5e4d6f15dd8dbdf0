/** Timestamps on the wire (semantics 1.4). */
import { refuse } from './errors.ts'

/** `2020-02-05T10:38:34.210+00:00` */
export const asTimestamp = (at: Date): string => `${at.toISOString().slice(0, -1)}+00:00`

/** `protected_at` alone keeps the Z: one vendor SDK types it as a date. */
export const asProtectedAt = (at: Date): string => at.toISOString()

const INSTANT = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/

/** A moment in a query, with or without fraction and offset (none: UTC); anything else is refused with 9900. */
export function instantFrom(field: string, text: string): Date {
  const [, day, time, fraction = '', offset = 'Z'] = INSTANT.exec(text.trim()) ?? []
  const at = new Date(`${day}T${time}${fraction.slice(0, 4)}${offset.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`)
  if (Number.isNaN(at.getTime())) refuse('9900', { field, value: text, form: 'YYYY-MM-DDTHH:MM:SSZ' })
  return at
}
