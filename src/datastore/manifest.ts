/**
 * Manifests: what a disk was, as the list of its pages (docs/format.md section 9). One object per backup, written last.
 * Its digest is a Merkle root over content alone: who can read the bytes, under whatever keys, computes the same.
 */
import { hash } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Fault } from '../ports/fault.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE, HASH_BYTES } from './chunk.ts'
import { decodeBody, encodeBody } from './sealed-body.ts'

const FIXED_BYTES = 80
/** 64 TiB: what the list of pages is held in memory for. */
export const MOST_DISK_BYTES = 64 * 2 ** 40

export interface Manifest {
  readonly sizeBytes: number
  readonly createdAt: Date
  readonly dataBytes: number
  readonly storedBytes: number
  readonly fullBytes: number
  /** One hash per page; zeros for a page of zeros. */
  readonly pages: Buffer
}

export const pageCount = (sizeBytes: number): number => Math.ceil(sizeBytes / (CHUNK_BYTES * CHUNKS_PER_PAGE))
export const chunkCount = (sizeBytes: number): number => Math.ceil(sizeBytes / CHUNK_BYTES)

/** 64 hex digits. */
export function digestOf(manifest: Pick<Manifest, 'sizeBytes' | 'pages'>): string {
  const head = Buffer.alloc(32)
  head.write('opencbr/1/digest', 'latin1')
  head.writeBigUInt64BE(BigInt(manifest.sizeBytes), 16)
  head.writeUInt32BE(CHUNK_BYTES, 24)
  head.writeUInt32BE(CHUNKS_PER_PAGE, 28)
  return hash('sha256', Buffer.concat([head, manifest.pages]), 'hex')
}

export function encodeManifest(sealing: Uint8Array, id: string, manifest: Manifest): readonly Uint8Array[] {
  const fixed = Buffer.alloc(FIXED_BYTES)
  const numbers = [manifest.sizeBytes, manifest.createdAt.getTime(), manifest.dataBytes, manifest.storedBytes]
  for (const [at, number] of [...numbers, manifest.fullBytes].entries()) fixed.writeBigUInt64BE(BigInt(number), at * 8)
  fixed.writeUInt32BE(CHUNK_BYTES, 40)
  fixed.writeUInt32BE(CHUNKS_PER_PAGE, 44)
  fixed.write(digestOf(manifest), 48, 'hex')
  const body = zstdCompressSync(Buffer.concat([fixed, manifest.pages]), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  })
  return encodeBody(sealing, 'MANI', body, id).parts
}

/** Fault `corrupt` unless it is what was written under this id. */
export function decodeManifest(sealing: Uint8Array, id: string, object: Buffer): Manifest {
  const packed = decodeBody(sealing, 'MANI', object, { at: `manifests/${id}`, name: id })
  const corrupt = () => new Fault('corrupt', `manifest ${id} is not what was written`)
  if (packed === undefined) throw corrupt()
  const body = zstdDecompressSync(packed, { maxOutputLength: FIXED_BYTES + pageCount(MOST_DISK_BYTES) * HASH_BYTES })
  const number = (at: number): number => Number(body.readBigUInt64BE(at * 8))
  const manifest = {
    sizeBytes: number(0),
    createdAt: new Date(number(1)),
    dataBytes: number(2),
    storedBytes: number(3),
    fullBytes: number(4),
    pages: body.subarray(FIXED_BYTES),
  }
  if (body.readUInt32BE(40) !== CHUNK_BYTES || body.readUInt32BE(44) !== CHUNKS_PER_PAGE) throw corrupt()
  if (manifest.pages.length !== pageCount(manifest.sizeBytes) * HASH_BYTES) throw corrupt()
  if (body.toString('hex', 48, FIXED_BYTES) !== digestOf(manifest)) throw corrupt()
  return manifest
}
