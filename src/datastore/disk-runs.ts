/** A backup's disk in order: runs of zeros, and blocks of chunks that hold data. */
import { CHUNKS_PER_BLOCK } from './block-pool.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE, HASH_BYTES, kind } from './chunk.ts'
import type { WantedChunk } from './fetch-chunks.ts'
import { chunkCount, type Manifest, pageCount } from './manifest.ts'
import { readPage } from './manifest-store.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'

export interface DiskRun {
  readonly offset: number
  readonly length: number
  /** At most a block of chunks; none: zeros. */
  readonly chunks: readonly WantedChunk[]
}

/** Runs that begin in chunk `from` and end before chunk `to`; neighbouring runs of zeros are one up to a page's end. */
export async function* diskRuns(
  realm: Realm,
  manifest: Manifest,
  from = 0,
  to = chunkCount(manifest.sizeBytes),
): AsyncGenerator<DiskRun> {
  const firstPage = Math.floor(from / CHUNKS_PER_PAGE)
  for (let page = firstPage; page < pageCount(manifest.sizeBytes) && page * CHUNKS_PER_PAGE < to; page++) {
    const hashes = await readPage(realm, manifest, page)
    const start = page * CHUNKS_PER_PAGE
    const end = Math.min(hashes.length / HASH_BYTES, to - start)
    for (let chunk = Math.max(0, from - start); chunk < end; ) {
      const count = runLength(hashes, chunk, end)
      yield runOf(manifest, { hashes, start }, chunk, count)
      chunk += count
    }
  }
}

/** How many chunks from `chunk` on are of its sort; those with data make blocks, aligned so that neighbours reuse them. */
function runLength(hashes: Uint8Array, chunk: number, end: number): number {
  const zero = isZeroHash(hashes, chunk * HASH_BYTES)
  const most = zero ? end : Math.min(end, (Math.floor(chunk / CHUNKS_PER_BLOCK) + 1) * CHUNKS_PER_BLOCK)
  let next = chunk + 1
  while (next < most && isZeroHash(hashes, next * HASH_BYTES) === zero) next += 1
  return next - chunk
}

function runOf(
  manifest: Manifest,
  page: { readonly hashes: Uint8Array; readonly start: number },
  first: number,
  count: number,
): DiskRun {
  const offset = (page.start + first) * CHUNK_BYTES
  const length = Math.min(count * CHUNK_BYTES, manifest.sizeBytes - offset)
  if (isZeroHash(page.hashes, first * HASH_BYTES)) return { offset, length, chunks: [] }
  const chunks = Array.from({ length: count }, (_, number) => ({
    at: number * CHUNK_BYTES,
    rawLength: Math.min(CHUNK_BYTES, length - number * CHUNK_BYTES),
    kind: kind.data,
    hash: page.hashes.slice((first + number) * HASH_BYTES, (first + number + 1) * HASH_BYTES),
  }))
  return { offset, length, chunks }
}
