/** One pack, looked at by itself: its table, and, where asked, every chunk that is in it, whether in use or not. */
import { Fault } from '../ports/fault.ts'
import { BLOCK_BYTES } from './block-pool.ts'
import { NAME_BYTES } from './chunk.ts'
import { type ChunkPlace, ROW_BYTES, readRow } from './chunk-row.ts'
import { ownBuffer } from './fetch-chunks.ts'
import { inOrder } from './in-order.ts'
import type { Pace } from './pace.ts'
import { readPackTable } from './pack.ts'
import type { Realm } from './realms.ts'

export interface PackObject {
  readonly id: string
  readonly bytes: number
}

export interface PackChunk {
  readonly name: Buffer
  readonly place: ChunkPlace
}

export interface ReadChunk extends PackChunk {
  /** What is wrong with it; undefined when it is what was written. */
  readonly what: string | undefined
}

export interface PackTableRead {
  /** In the order in which they lie. Where the table cannot be read, those that the index knows. */
  readonly chunks: readonly PackChunk[]
  /** What is wrong with the table. */
  readonly what: string | undefined
}

/** Undefined when there is no such pack (any more). */
export async function readTableOf(realm: Realm, pack: PackObject): Promise<PackTableRead | undefined> {
  const { objectStore, keys, sealing } = realm
  try {
    const rows = await readPackTable(objectStore, { key: keys.pack(pack.id), bytes: pack.bytes }, sealing)
    return { chunks: inPlaceOrder(chunksOf(rows)), what: undefined }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.kind === 'missing') return undefined
    if (!isDamage(error)) throw error
    return { chunks: inPlaceOrder(indexedIn(realm, pack.id)), what: error.message }
  }
}

const isDamage = ({ kind }: Fault): boolean => kind === 'corrupt' || kind === 'denied' || kind === 'unreadable'

function chunksOf(rows: Buffer): readonly PackChunk[] {
  return Array.from({ length: rows.length / ROW_BYTES }, (_, row) => row * ROW_BYTES).flatMap(at => {
    const place = readRow(rows, at)
    return place ? { name: rows.subarray(at, at + NAME_BYTES), place } : []
  })
}

/** Looks through the whole index: for the rare pack that cannot tell by itself. */
function indexedIn({ index }: Realm, pack: string): readonly PackChunk[] {
  const number = index.packs.find(pack)
  const found: PackChunk[] = []
  for (let id = 0; id < index.chunks.count(); id++) {
    const place = index.chunks.packOf(id) === number ? index.chunks.place(id) : undefined
    if (place) found.push({ name: index.chunks.nameOf(id), place })
  }
  return found
}

const inPlaceOrder = (chunks: readonly PackChunk[]): readonly PackChunk[] =>
  chunks.toSorted((a, b) => a.place.offset - b.place.offset)

/** Blocks of one pack that are worked on at once; few, since nobody waits for it. */
const AHEAD = 4

/** Reads the chunks back. Ends early, without complaint, when the pack goes meanwhile. */
export async function* readChunksOf(
  realm: Realm,
  pack: string,
  chunks: readonly PackChunk[],
  hold: { readonly pace: Pace; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<ReadChunk> {
  const blocks = inOrder(blocksOf(chunks), {
    width: Math.min(AHEAD, realm.blocks.count),
    async work(block) {
      await hold.pace(sealedBytes(block), hold.signal)
      return readBlock(realm, pack, block, hold.signal)
    },
  })
  for await (const block of blocks) {
    if (block === 'gone') return
    yield* block
  }
}

const sealedBytes = (chunks: readonly PackChunk[]): number =>
  chunks.reduce((sum, { place }) => sum + place.sealedLength, 0)

/** Neighbours whose contents fit into a block together. */
async function* blocksOf(chunks: readonly PackChunk[]): AsyncGenerator<readonly PackChunk[]> {
  let block: PackChunk[] = []
  let bytes = 0
  for (const chunk of chunks) {
    if (block.length > 0 && bytes + chunk.place.rawLength > BLOCK_BYTES) {
      yield block
      block = []
      bytes = 0
    }
    block.push(chunk)
    bytes += chunk.place.rawLength
  }
  if (block.length > 0) yield block
}

async function readBlock(
  realm: Realm,
  pack: string,
  chunks: readonly PackChunk[],
  signal: AbortSignal | undefined,
): Promise<readonly ReadChunk[] | 'gone'> {
  const range = await readRange(realm, pack, chunks)
  if (range === 'gone') return range
  if ('bytes' in range) return openBlock(realm, pack, { chunks, range: range.bytes, signal })
  if (chunks.length === 1) return chunks.map(chunk => ({ ...chunk, what: range.what }))
  const each: ReadChunk[] = []
  for (const chunk of chunks) {
    const alone = await readBlock(realm, pack, [chunk], signal)
    if (alone === 'gone') return alone
    each.push(...alone)
  }
  return each
}

async function readRange({ objectStore, keys }: Realm, pack: string, chunks: readonly PackChunk[]) {
  const from = chunks[0]?.place.offset ?? 0
  const to = Math.max(...chunks.map(({ place }) => place.offset + place.sealedLength))
  try {
    return { bytes: ownBuffer(await objectStore.getRange(keys.pack(pack), from, to - from)) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.kind === 'missing') return 'gone'
    if (!isDamage(error)) throw error
    return { what: error.message }
  }
}

interface SealedBlock {
  readonly chunks: readonly PackChunk[]
  readonly range: ArrayBuffer
  readonly signal: AbortSignal | undefined
}

async function openBlock(realm: Realm, pack: string, sealed: SealedBlock): Promise<readonly ReadChunk[]> {
  const block = await realm.blocks.take(sealed.signal)
  try {
    const start = sealed.chunks[0]?.place.offset ?? 0
    let end = 0
    const chunks = sealed.chunks.map(({ name, place }) => {
      const at = end
      end += place.rawLength
      return { ...place, name, pack: Buffer.from(pack, 'hex'), range: 0, sealedAt: place.offset - start, at }
    })
    const { sealing, naming } = realm
    const job = { sealing, naming, raw: block.raw, ranges: [sealed.range], chunks }
    const { problems } = await realm.threads.run('open', job, [sealed.range])
    return sealed.chunks.map((chunk, number) => ({ ...chunk, what: problems[number] }))
  } finally {
    realm.blocks.give(block)
  }
}
