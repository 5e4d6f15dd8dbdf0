/**
 * Where the chunks of an index lie, as rows tell it. Of a chunk that lies in several packs the best place counts, by what
 * may be done with its pack and what is known to be damaged there; the others are kept for when that pack goes or its
 * bytes turn out to be bad.
 */
import { NAME_BYTES } from './chunk.ts'
import { type ChunkIndex, viewOf } from './chunk-index.ts'
import { type ChunkPlace, ROW_BYTES, readRow } from './chunk-row.ts'
import type { Damage } from './damage.ts'
import { inOrderOfPacks, type Segment } from './index-segment.ts'
import type { PackState, PackTable } from './pack-table.ts'

export interface ChunkPlaces {
  /** Whether a new backup may rely on where the chunk lies. */
  usable(id: number): boolean
  /** Whether it lies in no pack that exists. */
  isLost(id: number): boolean
  /** All rows of a pack. */
  enterPack(rows: Buffer, pack: number): void
  /** `packs` has the numbers of the segment's packs, in their order. `later`: as ChunkIndex has it. */
  enterSegment(segment: Segment, packs: readonly number[], how: { readonly later: boolean }): void
  /** What was entered later can be found after this. */
  settle(): void
  /** Where the pack of a chunk is gone or doubted, and another pack has the chunk too, that is its place from now on. */
  lookElsewhere(id: number): void
  /** Some places were not kept for want of room: only the segments tell them all. */
  areLeftOut(): boolean
}

/** What the places are of. */
export interface PlacedChunks {
  readonly chunks: ChunkIndex
  readonly packs: PackTable
  readonly damage: Damage
}

interface State extends PlacedChunks {
  /** Further places of chunks that lie in several packs. */
  readonly others: Map<number, ChunkPlace[]>
  leftOut: boolean
}

/** Chunks with several places that are kept: some 250 bytes each. There are few, save where two processes stored the same. */
const MOST_OTHERS = 65_536

export function chunkPlaces(of: PlacedChunks): ChunkPlaces {
  const state: State = { ...of, others: new Map(), leftOut: false }
  const { chunks, packs } = state
  const enterNow: Enter = (names, at, place) => enter(state, chunks.idOf(names, at), place)
  return {
    usable: id => packs.state(chunks.packOf(id)) === 'usable' && !isDamaged(state, id, chunks.packOf(id)),
    isLost: id => packs.state(chunks.packOf(id)) === 'gone',
    enterPack(rows, pack) {
      const all = Array.from({ length: rows.length / ROW_BYTES }, (_, row) => row)
      enterRows(rows, all, [pack], enterNow)
    },
    enterSegment: (segment, numbers, { later }) =>
      enterRows(segment.rows, inOrderOfPacks(segment), numbers, later ? chunks.enterLater : enterNow),
    settle: () => chunks.settle((id, place) => enter(state, id, place)),
    lookElsewhere: id => lookElsewhere(state, id),
    areLeftOut: () => state.leftOut,
  }
}

type Enter = (names: DataView, at: number, place: ChunkPlace) => void

/** Rows give a pack by its place in `numbers`. */
function enterRows(rows: Buffer, order: Iterable<number>, numbers: readonly number[], enterAs: Enter): void {
  const names = viewOf(rows)
  for (const row of order) {
    const at = row * ROW_BYTES
    const pack = numbers[rows.readUInt32BE(at + NAME_BYTES)]
    const place = readRow(rows, at)
    if (pack !== undefined && place) enterAs(names, at, { ...place, pack })
  }
}

/** Where a chunk lies in several packs, the better one counts. */
function enter(state: State, id: number, place: ChunkPlace): void {
  const { chunks } = state
  const before = chunks.place(id)
  if (before === undefined) chunks.setPlace(id, place)
  else if (before.pack !== place.pack) {
    const isBetter = worthOf(state, id, place.pack) > worthOf(state, id, before.pack)
    if (isBetter) chunks.setPlace(id, place)
    keepOther(state, id, isBetter ? before : place)
  }
}

const rank: Readonly<Record<PackState, number>> = { usable: 3, condemned: 2, gone: 0 }

/** How good a place is for a chunk: one that is known to be damaged is better only than none. */
function worthOf(state: State, id: number, pack: number): number {
  const worth = rank[state.packs.state(pack)]
  return worth > 0 && isDamaged(state, id, pack) ? 1 : worth
}

function isDamaged({ damage, chunks, packs }: State, id: number, pack: number): boolean {
  if (damage.isNone()) return false
  const info = packs.at(pack)
  return info !== undefined && damage.has({ chunk: chunks.nameOf(id).toString('hex'), pack: info.id })
}

/** Of moved chunks the place they leave is not worth the memory: it is condemned. */
function keepOther(state: State, id: number, place: ChunkPlace): void {
  const { packs, others } = state
  if (packs.state(place.pack) !== 'usable') return
  const kept = (others.get(id) ?? []).filter(({ pack }) => pack !== place.pack && packs.state(pack) !== 'gone')
  if (others.size < MOST_OTHERS || others.has(id)) others.set(id, [...kept, place])
  else state.leftOut = true
}

/** Takes the best other place of a chunk, if it is better. */
function lookElsewhere(state: State, id: number): void {
  const before = state.chunks.place(id)
  const [best] = (state.others.get(id) ?? []).toSorted(
    (a, b) => worthOf(state, id, b.pack) - worthOf(state, id, a.pack),
  )
  if (best === undefined || worthOf(state, id, best.pack) <= (before ? worthOf(state, id, before.pack) : 0)) return
  state.chunks.setPlace(id, best)
  if (before) keepOther(state, id, before)
}
