/**
 * The first 32 bytes of every object, in clear: what it is and how it is sealed (docs/format.md section 2). They are
 * part of what every seal in the object authenticates. All integers of the format are big-endian.
 */
import { Fault } from '../ports/fault.ts'

export type ObjectKind = 'PACK' | 'INDX' | 'MANI' | 'COND' | 'DAMG' | 'HOLD'

export const HEADER_BYTES = 32
export const ID_BYTES = 16
const MAGIC = 'OCBR'
const VERSION = 1
const SHA_256 = 1
const AES_256_GCM = 1

/** `id` is 16 random bytes, unique to the object: its key is derived from them. */
export function encodeHeader(kind: ObjectKind, id: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(MAGIC + kind, 'latin1')
  header.writeUInt16BE(VERSION, 8)
  header[12] = SHA_256
  header[13] = AES_256_GCM
  header.set(id, 16)
  return header
}

/** The object's id. Fault `corrupt` when it is no such object, `denied` when a newer program wrote it. */
export function decodeHeader(kind: ObjectKind, object: Buffer, key: string): Buffer {
  if (object.length < HEADER_BYTES || object.toString('latin1', 0, 8) !== MAGIC + kind)
    throw new Fault('corrupt', `object ${key} does not begin as a ${kind} object does`)
  const version = object.readUInt16BE(8)
  const features = object.readUInt16BE(10)
  if (version !== VERSION || features !== 0 || object[12] !== SHA_256 || object[13] !== AES_256_GCM)
    throw new Fault('denied', `object ${key} has format version ${version}, features ${features}: not known here`)
  if (object.readUInt16BE(14) !== 0) throw new Fault('corrupt', `object ${key} has a header with stray bytes`)
  return object.subarray(16, HEADER_BYTES)
}
