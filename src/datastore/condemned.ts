/** Markers: packs that a collection is about to remove, on which no new write may build (docs/format.md section 10). */
import { randomBytes } from 'node:crypto'
import { Fault } from '../ports/fault.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, ID_BYTES } from './object-header.ts'
import { objectKey, seal, space, unseal } from './seal.ts'

export function encodeMarker(
  sealing: Uint8Array,
  packs: readonly string[],
): { id: string; parts: readonly Uint8Array[] } {
  const id = randomBytes(ID_BYTES)
  const about = encodeHeader('COND', id)
  const key = objectKey(sealing, 'COND', id)
  const ids = Buffer.from(packs.join(''), 'hex')
  return { id: id.toString('hex'), parts: [about, ...seal({ key, space: space.body, number: 0, about }, ids)] }
}

/** Ids of the packs; Fault `corrupt`. */
export function decodeMarker(sealing: Uint8Array, object: Buffer, at: string): readonly string[] {
  const id = decodeHeader('COND', object, at)
  const about = object.subarray(0, HEADER_BYTES)
  const key = objectKey(sealing, 'COND', id)
  const ids = unseal({ key, space: space.body, number: 0, about }, object.subarray(HEADER_BYTES))
  if (ids === undefined) throw new Fault('corrupt', `the marker ${at} is not what was written`)
  return Array.from({ length: ids.length / ID_BYTES }, (_, n) => ids.toString('hex', n * ID_BYTES, (n + 1) * ID_BYTES))
}
