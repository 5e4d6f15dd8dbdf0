/**
 * Notes of damage: places at which a chunk was found that is not what was written (docs/format.md section 11). No new
 * backup builds on what lies there, so that the next backup of the same data stores it again.
 */
import { Fault } from '../ports/fault.ts'
import { NAME_BYTES } from './chunk.ts'
import { ID_BYTES } from './object-header.ts'
import { decodeBody, encodeBody, type SealedBody } from './sealed-body.ts'

/** A chunk's name and the id of the pack that holds the bad copy, both 32 hex digits. */
export interface DamagedPlace {
  readonly chunk: string
  readonly pack: string
}

const ENTRY_BYTES = NAME_BYTES + ID_BYTES

export function encodeDamageNote(sealing: Uint8Array, places: readonly DamagedPlace[]): SealedBody {
  return encodeBody(sealing, 'DAMG', Buffer.from(places.map(({ chunk, pack }) => chunk + pack).join(''), 'hex'))
}

/** Fault `corrupt` unless it is what was written. */
export function decodeDamageNote(sealing: Uint8Array, object: Buffer, at: string): readonly DamagedPlace[] {
  const body = decodeBody(sealing, 'DAMG', object, { at })
  if (body === undefined) throw new Fault('corrupt', `the note of damage ${at} is not what was written`)
  return Array.from({ length: body.length / ENTRY_BYTES }, (_, number) => {
    const start = number * ENTRY_BYTES
    return {
      chunk: body.toString('hex', start, start + NAME_BYTES),
      pack: body.toString('hex', start + NAME_BYTES, start + ENTRY_BYTES),
    }
  })
}
