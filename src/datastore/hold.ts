/** Holds: how long a manifest, and all that it refers to, has to stay whoever asks (docs/format.md section 12). */
import { Fault } from '../ports/fault.ts'
import { decodeBody, encodeBody, type SealedBody } from './sealed-body.ts'

const UNTIL_BYTES = 8
const NO_END = 2n ** 64n - 1n

/** `until` is in milliseconds since 1970, Infinity for a hold without an end. */
export function encodeHold(sealing: Uint8Array, manifest: string, until: number): SealedBody {
  const body = Buffer.alloc(UNTIL_BYTES)
  body.writeBigUInt64BE(Number.isFinite(until) ? BigInt(Math.ceil(until)) : NO_END)
  return encodeBody(sealing, 'HOLD', body, manifest)
}

/** As `encodeHold` took it. Fault `corrupt` unless it is what was written, for this manifest. */
export function decodeHold(
  sealing: Uint8Array,
  object: Buffer,
  { manifest, at }: { readonly manifest: string; readonly at: string },
): number {
  const body = decodeBody(sealing, 'HOLD', object, { at, name: manifest })
  if (body?.length !== UNTIL_BYTES) throw new Fault('corrupt', `the hold ${at} is not what was written`)
  const until = body.readBigUInt64BE()
  return until === NO_END ? Number.POSITIVE_INFINITY : Number(until)
}
