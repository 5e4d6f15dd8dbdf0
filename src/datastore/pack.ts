/**
 * Packs: header, sealed chunks one after the other, a sealed table of them, and a trailer that tells where the table is
 * (docs/format.md section 7). The table is what an index can be rebuilt from.
 */
import { Fault } from '../ports/fault.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { PackKey } from './chunk.ts'
import { ROW_BYTES } from './chunk-row.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES } from './object-header.ts'
import { objectKey, type SealOf, seal, space, TAG_BYTES, unseal } from './seal.ts'

const TRAILER_BYTES = 16
const TRAILER_MAGIC = 'OCBRPEND'

export function packKey(sealing: Uint8Array, id: Uint8Array): PackKey {
  return { key: objectKey(sealing, 'PACK', id), header: encodeHeader('PACK', id) }
}

/** What follows the chunks: sealed table and trailer. `rows` name no pack (number 0); `tableAt` is their offset. */
export function encodePackEnd(pack: PackKey, rows: Buffer, tableAt: number): readonly Uint8Array[] {
  const trailer = Buffer.alloc(TRAILER_BYTES)
  trailer.writeUInt32BE(tableAt, 0)
  trailer.writeUInt32BE(rows.length / ROW_BYTES, 4)
  trailer.write(TRAILER_MAGIC, 8, 'latin1')
  return [...seal(sealOfTable(pack, trailer), rows), trailer]
}

/** The rows of a pack of `bytes` bytes. Fault `corrupt`, `missing`. */
export async function readPackTable(
  objectStore: ObjectStore,
  object: { readonly key: string; readonly bytes: number },
  sealing: Uint8Array,
): Promise<Buffer> {
  const corrupt = () => new Fault('corrupt', `the table of pack ${object.key} is not what was written`)
  if (object.bytes < HEADER_BYTES + TAG_BYTES + TRAILER_BYTES) throw corrupt()
  const header = await objectStore.getRange(object.key, 0, HEADER_BYTES)
  const id = decodeHeader('PACK', header, object.key)
  const trailer = await objectStore.getRange(object.key, object.bytes - TRAILER_BYTES, TRAILER_BYTES)
  const tableAt = trailer.readUInt32BE(0)
  const tableBytes = trailer.readUInt32BE(4) * ROW_BYTES + TAG_BYTES
  if (trailer.toString('latin1', 8) !== TRAILER_MAGIC || tableAt + tableBytes + TRAILER_BYTES !== object.bytes)
    throw corrupt()
  const sealed = await objectStore.getRange(object.key, tableAt, tableBytes)
  return unseal(sealOfTable(packKey(sealing, id), trailer), sealed) ?? raise(corrupt())
}

function sealOfTable(pack: PackKey, trailer: Uint8Array): SealOf {
  return { key: pack.key, space: space.table, number: 0, about: Buffer.concat([pack.header, trailer]) }
}

function raise(fault: Fault): never {
  throw fault
}
