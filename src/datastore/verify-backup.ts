/** One backup, read back and checked: every page, and all or some of its chunks, each once. */
import { CHUNK_BYTES, HASH_BYTES, kind, nameOf } from './chunk.ts'
import { viewOf } from './chunk-index.ts'
import type { Verified, VerifyOptions } from './datastore.ts'
import { diskRuns } from './disk-runs.ts'
import { type ChunkProblem, fetchChunks, type WantedChunk } from './fetch-chunks.ts'
import { idSet } from './id-set.ts'
import { inOrder } from './in-order.ts'
import type { Manifest } from './manifest.ts'
import { pageBytes, pageHash } from './manifest-store.ts'
import { type Pace, paceOf } from './pace.ts'
import { progressReport } from './progress.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'
import { withBackups } from './touched.ts'

export async function verifyBackup(realm: Realm, manifest: Manifest, options: VerifyOptions): Promise<Verified> {
  const { signal, part = 1 } = options
  const problems: ChunkProblem[] = []
  const seen = idSet()
  let [chunks, checkedChunks] = [0, 0]
  const isNew = (chunk: WantedChunk): boolean => {
    const added = seen.add(idOf(realm, chunk))
    if (added) chunks += 1
    return added
  }
  /** What is nowhere is looked for in any case. */
  const isWanted = (chunk: WantedChunk): boolean => Math.random() < part || realm.index.isLost(idOf(realm, chunk))
  const report = progressReport(options, manifest.sizeBytes)
  const pace = paceOf(options.bytesPerSecond)

  const pages = await checkPages(realm, manifest, isNew, signal)
  problems.push(...pages.problems)
  checkedChunks += chunks
  const runs = inOrder(diskRuns(realm, withoutPages(manifest, pages.bad)), {
    width: realm.blocks.count,
    async work(run) {
      const wanted = run.chunks.filter(isNew).filter(isWanted)
      return { run, checked: wanted.length, found: await checkChunks(realm, wanted, pace, signal) }
    },
  })
  for await (const { run, checked, found } of runs) {
    signal?.throwIfAborted()
    checkedChunks += checked
    problems.push(...found)
    report(run.offset + run.length)
  }
  return { chunks, checkedChunks, problems: await withBackups(realm, problems, signal) }
}

async function checkPages(
  realm: Realm,
  manifest: Manifest,
  isNew: (page: WantedChunk) => boolean,
  signal: AbortSignal | undefined,
) {
  const bad = new Set<number>()
  const problems: ChunkProblem[] = []
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    const chunk = { at: 0, rawLength: pageBytes(manifest, page), kind: kind.page, hash: pageHash(manifest, page) }
    if (isZeroHash(chunk.hash, 0)) continue
    signal?.throwIfAborted()
    const [problem] = await fetchChunks(realm, [chunk], new SharedArrayBuffer(chunk.rawLength))
    if (isNew(chunk) && problem) problems.push(problem)
    if (problem) bad.add(page)
  }
  return { bad, problems }
}

async function checkChunks(
  realm: Realm,
  chunks: readonly WantedChunk[],
  pace: Pace,
  signal: AbortSignal | undefined,
): Promise<readonly ChunkProblem[]> {
  if (chunks.length === 0) return []
  await pace(chunks.length * CHUNK_BYTES, signal)
  const block = await realm.blocks.take(signal)
  try {
    const placed = chunks.map((chunk, number) => ({ ...chunk, at: number * CHUNK_BYTES }))
    const problems = await fetchChunks(realm, placed, block.raw)
    return problems.filter(problem => problem !== undefined)
  } finally {
    realm.blocks.give(block)
  }
}

function idOf(realm: Realm, chunk: WantedChunk): number {
  if ('id' in chunk) return chunk.id
  const name = nameOf(realm.naming, chunk.kind, chunk.hash)
  return realm.index.chunks.idOf(viewOf(name), 0)
}

/** What the unreadable pages list cannot be checked: it is passed over as if it were zeros. */
function withoutPages(manifest: Manifest, bad: ReadonlySet<number>): Manifest {
  const pages = Buffer.from(manifest.pages)
  for (const page of bad) pages.fill(0, page * HASH_BYTES, (page + 1) * HASH_BYTES)
  return { ...manifest, pages }
}
