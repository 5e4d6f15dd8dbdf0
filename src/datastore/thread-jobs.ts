/**
 * What worker threads do with bytes: functions of their message that write into the shared buffers it names. Of ranges
 * read from the store they own the buffers.
 */
import {
  CHUNK_BYTES,
  type ChunkIdentity,
  type ChunkKind,
  codec,
  compress,
  HASH_BYTES,
  hashOf,
  mostSealedBytes,
  NAME_BYTES,
  nameOf,
  openChunk,
  type PackKey,
  sealChunk,
} from './chunk.ts'
import { freeBuffer } from './free-buffer.ts'
import { GMAC_BYTES, gmac } from './gmac.ts'
import { packKey } from './pack.ts'

/** Hash and name the chunks of `raw`, cut every 256 KiB. */
export interface HashJob {
  readonly naming: Uint8Array
  readonly kind: ChunkKind
  readonly raw: SharedArrayBuffer
  readonly length: number
  readonly printing?: Printing
}
/** To fingerprint each chunk too; one whose fingerprint is as before has the hash it had before. */
export interface Printing {
  readonly key: Uint8Array
  /** Of the same chunks, one after the other; a fingerprint of zeros is that of none. */
  readonly before?: { readonly prints: Uint8Array; readonly hashes: Uint8Array }
}
/** One of each per chunk, one after the other; all are zeros for a chunk of zeros, and fingerprints that are not asked for. */
export interface Hashed {
  readonly hashes: Uint8Array<ArrayBuffer>
  readonly names: Uint8Array<ArrayBuffer>
  readonly prints: Uint8Array
}

/** Name hashes that are known already; a chunk of zeros, whose hash is zeros here, has none. */
export interface NameJob {
  readonly naming: Uint8Array
  readonly kind: ChunkKind
  readonly hashes: Uint8Array
}
export interface Named {
  readonly names: Uint8Array<ArrayBuffer>
}

/** Compress and seal chunks of `raw` for one pack, into `sealed`. */
export interface SealJob {
  readonly sealing: Uint8Array
  readonly pack: Uint8Array
  readonly raw: SharedArrayBuffer
  readonly sealed: SharedArrayBuffer
  readonly chunks: readonly (Omit<ChunkIdentity, 'codec'> & { readonly at: number })[]
}
export interface Sealed {
  /** In the order of the job's chunks, one after the other from the start of `sealed`. */
  readonly chunks: readonly { readonly sealedLength: number; readonly codec: ChunkIdentity['codec'] }[]
}

/** Open chunks of any packs into `raw`, checking each against its hash; without one, against its name. */
export interface OpenJob {
  readonly sealing: Uint8Array
  readonly naming: Uint8Array
  readonly raw: SharedArrayBuffer
  readonly ranges: readonly ArrayBuffer[]
  readonly chunks: readonly SealedChunk[]
}
export interface SealedChunk extends ChunkIdentity {
  readonly pack: Uint8Array
  readonly range: number
  readonly sealedAt: number
  readonly sealedLength: number
  readonly at: number
  readonly hash?: Uint8Array
}
export interface Opened {
  /** Per chunk, what is wrong with it. */
  readonly problems: readonly (string | undefined)[]
}

const zeros = Buffer.alloc(CHUNK_BYTES)

export const threadJobs = {
  hash(job: HashJob): Hashed {
    const count = Math.ceil(job.length / CHUNK_BYTES)
    const hashes = new Uint8Array(count * HASH_BYTES)
    const names = new Uint8Array(count * NAME_BYTES)
    const prints = new Uint8Array(count * GMAC_BYTES)
    for (let chunk = 0; chunk < count; chunk++) {
      const at = chunk * CHUNK_BYTES
      const content = Buffer.from(job.raw, at, Math.min(CHUNK_BYTES, job.length - at))
      if (zeros.compare(content, 0, content.length, 0, content.length) === 0) continue
      const print = job.printing && gmac(job.printing.key, content)
      if (print) prints.set(print, chunk * GMAC_BYTES)
      const contentHash = (job.printing && print && hashBefore(job.printing, chunk, print)) ?? hashOf(content)
      hashes.set(contentHash, chunk * HASH_BYTES)
      names.set(nameOf(job.naming, job.kind, contentHash), chunk * NAME_BYTES)
    }
    return { hashes, names, prints }
  },

  name(job: NameJob): Named {
    const count = job.hashes.length / HASH_BYTES
    const names = new Uint8Array(count * NAME_BYTES)
    for (let chunk = 0; chunk < count; chunk++) {
      const contentHash = job.hashes.subarray(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES)
      if (zeros.compare(contentHash, 0, HASH_BYTES, 0, HASH_BYTES) === 0) continue
      names.set(nameOf(job.naming, job.kind, contentHash), chunk * NAME_BYTES)
    }
    return { names }
  },

  seal(job: SealJob): Sealed {
    const pack = packKey(job.sealing, job.pack)
    const sealed = Buffer.from(job.sealed)
    let end = 0
    const chunks = job.chunks.map(chunk => {
      const { codec: by, bytes } = compress(new Uint8Array(job.raw, chunk.at, chunk.rawLength))
      const start = end
      for (const part of sealChunk(pack, { ...chunk, codec: by }, bytes)) {
        end += part.copy(sealed, end) // twice as fast as `set`, into shared memory
        freeBuffer(part)
      }
      if (by === codec.zstd) freeBuffer(bytes)
      return { sealedLength: end - start, codec: by }
    })
    return { chunks }
  },

  open(job: OpenJob): Opened {
    let last: PackKey | undefined
    const problems = job.chunks.map((chunk, number) => {
      // Neighbours on the disk are mostly of one pack; deriving its key takes as long as opening 60 KiB.
      const before = job.chunks[number - 1]
      if (last === undefined || !before || !Buffer.from(chunk.pack).equals(before.pack))
        last = packKey(job.sealing, chunk.pack)
      return openInto(job, chunk, last)
    })
    for (const range of job.ranges) freeBuffer(new Uint8Array(range))
    return { problems }
  },
}

export type ThreadJobs = typeof threadJobs

function hashBefore({ before }: Printing, chunk: number, print: Buffer): Uint8Array | undefined {
  const printed = before?.prints.subarray(chunk * GMAC_BYTES, (chunk + 1) * GMAC_BYTES)
  const hash = before?.hashes.subarray(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES)
  return printed && print.equals(printed) && hash?.length === HASH_BYTES ? hash : undefined
}

function openInto(job: OpenJob, chunk: SealedChunk, pack: PackKey): string | undefined {
  const range = job.ranges[chunk.range]
  if (range === undefined || chunk.sealedLength > mostSealedBytes(chunk.rawLength)) return 'its place makes no sense'
  const sealed = new Uint8Array(range, chunk.sealedAt, chunk.sealedLength)
  const content = openChunk(pack, chunk, sealed)
  if (content === undefined) return 'it does not open: its bytes are not what was written'
  const contentHash = hashOf(content)
  content.copy(Buffer.from(job.raw), chunk.at)
  freeBuffer(content)
  const asExpected = chunk.hash
    ? contentHash.equals(chunk.hash)
    : nameOf(job.naming, chunk.kind, contentHash).equals(chunk.name)
  return asExpected ? undefined : 'its content has another hash'
}
