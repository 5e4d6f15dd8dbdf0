/** Holds: how long a manifest, and all that it refers to, has to stay whoever asks (docs/format.md section 12). */
import { randomBytes } from 'node:crypto'
import { Fault } from '../ports/fault.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, ID_BYTES } from './object-header.ts'
import { objectKey, seal, space, unseal } from './seal.ts'

const UNTIL_BYTES = 8
const NO_END = 2n ** 64n - 1n

/** `until` is in milliseconds since 1970, Infinity for a hold without an end. */
export function encodeHold(
  sealing: Uint8Array,
  manifest: string,
  until: number,
): { readonly id: string; readonly parts: readonly Uint8Array[] } {
  const id = randomBytes(ID_BYTES)
  const header = encodeHeader('HOLD', id)
  const about = Buffer.concat([header, Buffer.from(manifest)])
  const body = Buffer.alloc(UNTIL_BYTES)
  body.writeBigUInt64BE(Number.isFinite(until) ? BigInt(Math.ceil(until)) : NO_END)
  const key = objectKey(sealing, 'HOLD', id)
  return { id: id.toString('hex'), parts: [header, ...seal({ key, space: space.body, number: 0, about }, body)] }
}

/** As `encodeHold` took it. Fault `corrupt` unless it is what was written, for this manifest. */
export function decodeHold(
  sealing: Uint8Array,
  object: Buffer,
  { manifest, at }: { readonly manifest: string; readonly at: string },
): number {
  const id = decodeHeader('HOLD', object, at)
  const about = Buffer.concat([object.subarray(0, HEADER_BYTES), Buffer.from(manifest)])
  const key = objectKey(sealing, 'HOLD', id)
  const body = unseal({ key, space: space.body, number: 0, about }, object.subarray(HEADER_BYTES))
  if (body?.length !== UNTIL_BYTES) throw new Fault('corrupt', `the hold ${at} is not what was written`)
  const until = body.readBigUInt64BE()
  return until === NO_END ? Number.POSITIVE_INFINITY : Number(until)
}
