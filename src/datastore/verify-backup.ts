/** Every chunk of a backup read back and checked, each once. */
import { CHUNK_BYTES, HASH_BYTES, kind, nameOf } from './chunk.ts'
import type { Progress, Verified } from './datastore.ts'
import { diskRuns } from './disk-runs.ts'
import { type ChunkProblem, fetchChunks, type WantedChunk } from './fetch-chunks.ts'
import { idSet } from './id-set.ts'
import { inOrder } from './in-order.ts'
import type { Manifest } from './manifest.ts'
import { pageBytes, pageHash } from './manifest-store.ts'
import { progressReport } from './progress.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'

export async function verifyBackup(realm: Realm, manifest: Manifest, progress: Progress): Promise<Verified> {
  const problems: ChunkProblem[] = []
  const seen = idSet()
  let checkedChunks = 0
  const isNew = (chunk: WantedChunk): boolean => 'hash' in chunk && seen.add(idOf(realm, chunk.kind, chunk.hash))
  const report = progressReport(progress, manifest.sizeBytes)

  const badPages = new Set<number>()
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    const chunk = { at: 0, rawLength: pageBytes(manifest, page), kind: kind.page, hash: pageHash(manifest, page) }
    if (isZeroHash(chunk.hash, 0)) continue
    progress.signal?.throwIfAborted()
    const { problems: found } = await fetchChunks(realm, [chunk], new ArrayBuffer(chunk.rawLength))
    if (isNew(chunk)) {
      checkedChunks += 1
      problems.push(...known(found))
    }
    if (known(found).length > 0) badPages.add(page)
  }
  const runs = inOrder(diskRuns(realm, withoutPages(manifest, badPages)), {
    width: realm.blocks.count,
    work: async run => ({ run, ...(await checkChunks(realm, run.chunks.filter(isNew), progress.signal)) }),
  })
  for await (const { run, checked, found } of runs) {
    progress.signal?.throwIfAborted()
    checkedChunks += checked
    problems.push(...found)
    report(run.offset + run.length)
  }
  return { checkedChunks, problems }
}

async function checkChunks(realm: Realm, chunks: readonly WantedChunk[], signal: AbortSignal | undefined) {
  if (chunks.length === 0) return { checked: 0, found: [] }
  const block = await realm.blocks.take(signal)
  try {
    const placed = chunks.map((chunk, number) => ({ ...chunk, at: number * CHUNK_BYTES }))
    const { raw, problems } = await fetchChunks(realm, placed, block.raw)
    block.raw = raw
    return { checked: chunks.length, found: known(problems) }
  } finally {
    realm.blocks.give(block)
  }
}

function known(problems: readonly (ChunkProblem | undefined)[]): readonly ChunkProblem[] {
  return problems.flatMap(problem =>
    problem ? [{ chunk: problem.chunk, pack: problem.pack, what: problem.what }] : [],
  )
}

function idOf(realm: Realm, of: WantedChunk['kind'], hash: Uint8Array): number {
  const name = nameOf(realm.naming, of, hash)
  return realm.index.chunks.idOf(new DataView(name.buffer, name.byteOffset, name.length), 0)
}

/** What the unreadable pages list cannot be checked: it is passed over as if it were zeros. */
function withoutPages(manifest: Manifest, bad: ReadonlySet<number>): Manifest {
  const pages = Buffer.from(manifest.pages)
  for (const page of bad) pages.fill(0, page * HASH_BYTES, (page + 1) * HASH_BYTES)
  return { ...manifest, pages }
}
