/**
 * Chunks: the unit of deduplication. A data chunk is 256 KiB of a disk (its last one may be shorter), a page is the
 * list of up to 1024 data chunks' hashes, stored as a chunk itself (docs/format.md sections 4 and 5).
 */
import { createHmac, hash } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { freeBuffer } from './free-buffer.ts'
import { type SealOf, seal, space, TAG_BYTES, unseal } from './seal.ts'

export const CHUNK_BYTES = 262_144
export const CHUNKS_PER_PAGE = 1024
export const HASH_BYTES = 32
export const NAME_BYTES = 16

export const kind = { data: 0, page: 1 } as const
export type ChunkKind = (typeof kind)[keyof typeof kind]

export const codec = { raw: 0, zstd: 1 } as const
export type Codec = (typeof codec)[keyof typeof codec]

/** Smaller gains are not worth the time that reading takes. */
const WORTH_COMPRESSING = 0.97
/**
 * Level 1 with tables that fit into a core's nearest cache, and no matches under 7 bytes: a tenth faster for 3 to 4 % more
 * bytes, which still are fewer than the chunk stores beside us keep (docs/benchmarks.md).
 */
const COMPRESSION = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_hashLog]: 13,
  [constants.ZSTD_c_minMatch]: 7,
}
/** Room for the largest outcome, so that zstd compresses in one pass, straight into it (6 % faster than 64 KiB steps). */
const COMPRESS_ROOM = CHUNK_BYTES + 4096

export interface ChunkIdentity {
  readonly name: Uint8Array
  readonly kind: ChunkKind
  readonly ordinal: number
  readonly codec: Codec
  readonly rawLength: number
}

/** Of the content alone: 32 zero bytes stand for a chunk (or page) of nothing but zeros, which is never stored. */
export function hashOf(content: Uint8Array): Buffer {
  return hash('sha256', content, 'buffer')
}

/** 128 bits of HMAC-SHA-256: enough for names, and half the memory of the index. */
export function nameOf(naming: Uint8Array, of: ChunkKind, contentHash: Uint8Array): Buffer {
  return createHmac('sha256', naming).update(Uint8Array.of(of)).update(contentHash).digest().subarray(0, NAME_BYTES)
}

export function compress(content: Uint8Array): { readonly codec: Codec; readonly bytes: Uint8Array } {
  const bytes = zstdCompressSync(content, { chunkSize: COMPRESS_ROOM, params: COMPRESSION })
  if (bytes.length <= content.length * WORTH_COMPRESSING) return { codec: codec.zstd, bytes }
  freeBuffer(bytes)
  return { codec: codec.raw, bytes: content }
}

export interface PackKey {
  readonly key: Uint8Array
  readonly header: Uint8Array
}

export function sealChunk(pack: PackKey, chunk: ChunkIdentity, bytes: Uint8Array): readonly [Buffer, Buffer] {
  return seal(sealOfChunk(pack, chunk), bytes)
}

/** The chunk's content; undefined when it is not what was sealed. */
export function openChunk(pack: PackKey, chunk: ChunkIdentity, sealed: Uint8Array): Buffer | undefined {
  const bytes = unseal(sealOfChunk(pack, chunk), sealed)
  if (bytes === undefined || chunk.codec === codec.raw) return bytes?.length === chunk.rawLength ? bytes : undefined
  const content = decompress(bytes, chunk.rawLength)
  freeBuffer(bytes)
  return content?.length === chunk.rawLength ? content : undefined
}

/** A chunk is never stored larger than it is. */
export const mostSealedBytes = (rawLength: number): number => rawLength + TAG_BYTES

function sealOfChunk(pack: PackKey, chunk: ChunkIdentity): SealOf {
  const about = Buffer.allocUnsafe(pack.header.length + 26)
  about.set(pack.header)
  const at = pack.header.length
  about.set(chunk.name, at)
  about.writeUInt32BE(chunk.ordinal, at + 16)
  about.writeUInt32BE(chunk.rawLength, at + 20)
  about[at + 24] = chunk.kind
  about[at + 25] = chunk.codec
  return { key: pack.key, space: space.chunk, number: chunk.ordinal, about }
}

/** What a sealed chunk holds was compressed by us; that it does not fit is a bug in who wrote it, seen as corruption. */
function decompress(bytes: Uint8Array, rawLength: number): Buffer | undefined {
  try {
    // A little room more than needed: a full buffer makes zlib allocate another and look for more (half as fast again).
    return zstdDecompressSync(bytes, { chunkSize: rawLength + 64, maxOutputLength: rawLength })
  } catch {
    return undefined
  }
}
