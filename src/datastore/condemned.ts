/** Markers: packs that a collection is about to remove, on which no new write may build (docs/format.md section 10). */
import { Fault } from '../ports/fault.ts'
import { ID_BYTES } from './object-header.ts'
import { decodeBody, encodeBody, type SealedBody } from './sealed-body.ts'

export function encodeMarker(sealing: Uint8Array, packs: readonly string[]): SealedBody {
  return encodeBody(sealing, 'COND', Buffer.from(packs.join(''), 'hex'))
}

/** Ids of the packs; Fault `corrupt`. */
export function decodeMarker(sealing: Uint8Array, object: Buffer, at: string): readonly string[] {
  const ids = decodeBody(sealing, 'COND', object, { at })
  if (ids === undefined) throw new Fault('corrupt', `the marker ${at} is not what was written`)
  return Array.from({ length: ids.length / ID_BYTES }, (_, n) => ids.toString('hex', n * ID_BYTES, (n + 1) * ID_BYTES))
}
