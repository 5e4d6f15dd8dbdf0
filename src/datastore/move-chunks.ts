/** What is alive in packs that go is stored again in new ones: opened, checked against its name, sealed anew. */
import { CHUNKS_PER_BLOCK } from './block-pool.ts'
import { CHUNK_BYTES, type ChunkKind, kind } from './chunk.ts'
import { type ChunkProblem, fetchChunks } from './fetch-chunks.ts'
import type { Pace } from './pace.ts'
import type { Realm } from './realms.ts'
import { type Reliance, reliance, storeChunks } from './store-chunks.ts'

/**
 * Sealed bytes of the copies, durable and indexed when this resolves. A damaged chunk is left where it is.
 */
export async function moveChunks(
  realm: Realm,
  ids: readonly number[],
  hold: { readonly pace: Pace; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const failed = new AbortController()
  const stop = hold.signal ? AbortSignal.any([hold.signal, failed.signal]) : failed.signal
  const relies = reliance(error => failed.abort(error))
  for (const block of blocksOf(realm, ids)) {
    await hold.pace(
      block.ids.reduce((sum, id) => sum + realm.index.chunks.sealedLength(id), 0),
      stop,
    )
    await moveBlock(realm, relies, block)
  }
  if (relies.packs.size > 0) realm.writer.close()
  for (const pack of [...relies.packs]) {
    const outcome = await pack.stored
    if ('error' in outcome) throw outcome.error
  }
  await realm.index.commit()
  return relies.storedBytes
}

interface MovingBlock {
  readonly kind: ChunkKind
  readonly ids: readonly number[]
}

/** Chunks that can share a block: whole ones of data four at a time, all others alone. */
function* blocksOf(realm: Realm, ids: readonly number[]): Generator<MovingBlock> {
  let whole: number[] = []
  for (const id of ids) {
    const place = realm.index.chunks.place(id)
    if (place === undefined) continue
    if (place.kind !== kind.data || place.rawLength !== CHUNK_BYTES) yield { kind: place.kind, ids: [id] }
    else if (whole.push(id) === CHUNKS_PER_BLOCK) {
      yield { kind: kind.data, ids: whole }
      whole = []
    }
  }
  if (whole.length > 0) yield { kind: kind.data, ids: whole }
}

async function moveBlock(realm: Realm, relies: Reliance, moving: MovingBlock): Promise<void> {
  const block = await realm.blocks.take()
  let problem: ChunkProblem | undefined
  try {
    const wanted = moving.ids.map((id, number) => {
      const rawLength = realm.index.chunks.place(id)?.rawLength ?? 0
      return { id, at: number * CHUNK_BYTES, rawLength, kind: moving.kind }
    })
    const problems = await fetchChunks(realm, wanted, block.raw)
    problem = problems.find(found => found !== undefined)
    const length = wanted.reduce((sum, chunk) => sum + chunk.rawLength, 0)
    if (problem === undefined) await storeChunks(realm, relies, block, { kind: moving.kind, length })
  } finally {
    realm.blocks.give(block)
  }
  if (problem && moving.ids.length === 1) realm.log.error({ problem }, 'a chunk is damaged: its pack stays where it is')
  else if (problem) for (const id of moving.ids) await moveBlock(realm, relies, { ...moving, ids: [id] })
}
