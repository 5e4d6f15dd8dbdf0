/**
 * Notes of damage: places at which a chunk was found that is not what was written (docs/format.md section 11). No new
 * backup builds on what lies there, so that the next backup of the same data stores it again.
 */
import { randomBytes } from 'node:crypto'
import { Fault } from '../ports/fault.ts'
import { NAME_BYTES } from './chunk.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, ID_BYTES } from './object-header.ts'
import { objectKey, seal, space, unseal } from './seal.ts'

/** A chunk's name and the id of the pack that holds the bad copy, both 32 hex digits. */
export interface DamagedPlace {
  readonly chunk: string
  readonly pack: string
}

const ENTRY_BYTES = NAME_BYTES + ID_BYTES

export function encodeDamageNote(
  sealing: Uint8Array,
  places: readonly DamagedPlace[],
): { readonly id: string; readonly parts: readonly Uint8Array[] } {
  const id = randomBytes(ID_BYTES)
  const about = encodeHeader('DAMG', id)
  const key = objectKey(sealing, 'DAMG', id)
  const body = Buffer.from(places.map(({ chunk, pack }) => chunk + pack).join(''), 'hex')
  return { id: id.toString('hex'), parts: [about, ...seal({ key, space: space.body, number: 0, about }, body)] }
}

/** Fault `corrupt` unless it is what was written. */
export function decodeDamageNote(sealing: Uint8Array, object: Buffer, at: string): readonly DamagedPlace[] {
  const id = decodeHeader('DAMG', object, at)
  const about = object.subarray(0, HEADER_BYTES)
  const key = objectKey(sealing, 'DAMG', id)
  const body = unseal({ key, space: space.body, number: 0, about }, object.subarray(HEADER_BYTES))
  if (body === undefined) throw new Fault('corrupt', `the note of damage ${at} is not what was written`)
  return Array.from({ length: body.length / ENTRY_BYTES }, (_, number) => {
    const start = number * ENTRY_BYTES
    return {
      chunk: body.toString('hex', start, start + NAME_BYTES),
      pack: body.toString('hex', start + NAME_BYTES, start + ENTRY_BYTES),
    }
  })
}
