import { decline } from '../contract/openstack-refusal.ts'

/** `from` inclusive, `to` exclusive. */
export interface ByteRange {
  readonly from: number
  readonly to: number
  /** Whether it is an answer to a Range header: 206. */
  readonly partial: boolean
}

/**
 * One range of bytes (RFC 9110, 14): `bytes=0-99`, `bytes=100-`, `bytes=-5`. Several ranges and other units are answered
 * as if none was asked for, which the RFC allows; one outside the data is 416.
 */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange {
  const whole = { from: 0, to: sizeBytes, partial: false }
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? []
  if (first === '' && last === '') return whole
  if (first === '') return satisfied(Math.max(sizeBytes - Number(last), 0), sizeBytes, sizeBytes)
  if (last !== '' && Number(last) < Number(first)) return whole
  return satisfied(Number(first), last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes), sizeBytes)
}

function satisfied(from: number, to: number, sizeBytes: number): ByteRange {
  if (from >= sizeBytes) decline(416, `The range starts behind the last of ${sizeBytes} bytes.`)
  return { from, to, partial: true }
}
