/** What is alive in packs that go is stored again in new ones: opened, checked against its name, sealed anew. */
import { inBlocks } from './block-pool.ts'
import { CHUNK_BYTES, kind } from './chunk.ts'
import type { ChunkPlace } from './chunk-row.ts'
import { type ChunkProblem, fetchChunks } from './fetch-chunks.ts'
import type { Pace } from './pace.ts'
import type { Realm } from './realms.ts'
import { packsDurable, type Reliance, reliance, storeChunks } from './store-chunks.ts'

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
  for (const chunks of inBlocks(placed(realm, ids), isWhole)) {
    const sealedBytes = chunks.reduce((sum, { place }) => sum + place.sealedLength, 0)
    await hold.pace(sealedBytes, stop)
    await moveBlock(realm, relies, chunks)
  }
  await packsDurable(realm, relies)
  await realm.index.commit()
  return relies.storedBytes
}

interface MovedChunk {
  readonly id: number
  readonly place: ChunkPlace
}

const isWhole = ({ place }: MovedChunk): boolean => place.kind === kind.data && place.rawLength === CHUNK_BYTES

function* placed({ index }: Realm, ids: readonly number[]): Generator<MovedChunk> {
  for (const id of ids) {
    const place = index.chunks.place(id)
    if (place) yield { id, place }
  }
}

async function moveBlock(realm: Realm, relies: Reliance, chunks: readonly MovedChunk[]): Promise<void> {
  const block = await realm.blocks.take()
  let problem: ChunkProblem | undefined
  try {
    const wanted = chunks.map(({ id, place }, number) => {
      return { id, at: number * CHUNK_BYTES, rawLength: place.rawLength, kind: place.kind }
    })
    problem = (await fetchChunks(realm, wanted, block.raw)).find(found => found !== undefined)
    const length = wanted.reduce((sum, chunk) => sum + chunk.rawLength, 0)
    if (problem === undefined) await storeChunks(realm, relies, block, { kind: wanted[0]?.kind ?? kind.data, length })
  } finally {
    realm.blocks.give(block)
  }
  if (problem && chunks.length === 1) realm.log.error({ problem }, 'a chunk is damaged: its pack stays where it is')
  else if (problem) for (const chunk of chunks) await moveBlock(realm, relies, [chunk])
}
