/**
 * A realm's index as one process knows it: what the segments in the store say, what the tables of packs say that no
 * segment mentions (a crash, or a lost segment), and the rows of packs just stored, which `commit` writes as segments.
 * `refresh` catches up with other processes; it is called when a write or a collection begins, and when a chunk is not
 * where it is thought to be. Ids and pack numbers stay valid throughout.
 */
import { type ChunkIndex, chunkIndex, viewOf } from './chunk-index.ts'
import { type ChunkPlaces, chunkPlaces } from './chunk-places.ts'
import { type Damage, damageIn } from './damage.ts'
import { forSegments, mergeSegments, rowsOf, type Segment, type SegmentPack } from './index-segment.ts'
import type { GatheredPack } from './open-pack.ts'
import { readPackTable } from './pack.ts'
import { type PackState, type PackTable, packTable } from './pack-table.ts'
import type { PagePool } from './pages.ts'
import { type Mutex, mutex } from './permits.ts'
import {
  listPacks,
  listSegments,
  type Marker,
  putSegment,
  type RealmStore,
  readMarkers,
  readSegment,
  restless,
  type SegmentInfo,
  unlessCorrupt,
  unlessMissing,
} from './store-view.ts'

export interface RealmIndex {
  readonly chunks: ChunkIndex
  readonly packs: PackTable
  /** Segments known. */
  segments(): readonly SegmentInfo[]
  /** Those that are there and cannot be read. */
  corruptSegments(): readonly string[]
  /** Markers seen at the last refresh. */
  markers(): readonly string[]
  /** Whether a new backup may rely on where the chunk lies. */
  usable(id: number): boolean
  /** Whether the chunk lies in no pack that exists. */
  isLost(id: number): boolean
  /** What is known to be damaged (damage.ts). */
  readonly damage: Damage
  /**
   * What lies in the pack under the chunk's name is not the chunk: from now on no write builds on it, and it is read
   * elsewhere where another pack has it too. `damage.write` makes that durable.
   */
  doubt(id: number, pack: string): void
  /** Where the pack of a chunk is gone or doubted, and another pack has the chunk too, that is its place from now on. */
  lookElsewhere(id: number): void
  /** `packs: true` lists the packs also when nothing calls for it. */
  refresh(look?: { readonly packs: boolean }): Promise<void>
  /** Enters a pack that is durable now. */
  add(pack: Pick<GatheredPack, 'id' | 'bytes' | 'rows'>): void
  /** How many rows are not in a segment yet. */
  uncommitted(): number
  /**
   * Everything entered before the call is in durable segments when it resolves; of condemned packs only those that are
   * given by number, because the caller relies on them: it began before they were condemned, so the collection waits for
   * it, and will know the segment. A segment it does not know could outlive its packs.
   */
  commit(reliedOn?: ReadonlySet<number>): Promise<void>
  /** A collection in this process has put a marker, replaced segments, removed packs, or removed markers. */
  condemned(marker: Marker): void
  replaced(segments: readonly string[], by: readonly SegmentInfo[]): void
  removed(packs: readonly string[]): void
  released(markers: readonly string[]): void
}

interface PackRows extends SegmentPack {
  readonly rows: Buffer
}

export interface IndexMemory {
  readonly pool: PagePool
  /** Bytes that chunks being loaded may take beside the pool. */
  readonly waitingBytes: number
}

interface State {
  readonly store: RealmStore
  readonly memory: IndexMemory
  readonly chunks: ChunkIndex
  readonly packs: PackTable
  readonly segments: Map<string, SegmentInfo>
  readonly corrupt: Set<string>
  readonly uncommitted: Map<string, PackRows>
  readonly damage: Damage
  readonly places: ChunkPlaces
  readonly alone: Mutex
  markers: readonly Marker[]
  listedOnce: boolean
  /** Of a chunk that is damaged, another place may have been left out: the next refresh reads all segments. */
  readAll: boolean
}

/** What chunks and their places take is taken from `pool`, what waits to be found is held to `waitingBytes`. */
export function realmIndex(store: RealmStore, memory: IndexMemory): RealmIndex {
  const placed = { chunks: chunkIndex(memory.pool), packs: packTable(), damage: damageIn(store) }
  const state: State = {
    ...placed,
    store,
    memory,
    places: chunkPlaces(placed),
    segments: new Map(),
    corrupt: new Set(),
    uncommitted: new Map(),
    alone: mutex(),
    markers: [],
    listedOnce: false,
    readAll: false,
  }
  const { chunks, packs, damage, places, segments, corrupt, uncommitted, alone } = state
  return {
    chunks,
    packs,
    segments: () => [...segments.values()],
    corruptSegments: () => [...corrupt],
    markers: () => state.markers.map(marker => marker.id),
    damage,
    usable: places.usable,
    isLost: places.isLost,
    doubt(id, pack) {
      damage.found({ chunk: chunks.nameOf(id).toString('hex'), pack })
      places.lookElsewhere(id)
      state.readAll ||= places.areLeftOut()
    },
    lookElsewhere: places.lookElsewhere,
    refresh: look => alone(() => refresh(state, { packs: look?.packs ?? false, tries: MOST_TRIES })),
    add(pack) {
      places.enterPack(pack.rows, packs.numberOf(pack.id, { bytes: pack.bytes, state: 'usable' }))
      uncommitted.set(pack.id, { id: pack.id, bytes: pack.bytes, rows: pack.rows })
    },
    uncommitted: () => [...uncommitted.values()].reduce((sum, pack) => sum + rowsOf(pack), 0),
    commit: reliedOn => alone(() => commit(state, reliedOn ?? new Set())),
    condemned(marker) {
      state.markers = [...state.markers, marker]
      applyMarkers(state)
    },
    replaced(old, by) {
      for (const id of old) if (!corrupt.delete(id)) segments.delete(id)
      for (const segment of by) segments.set(segment.id, segment)
    },
    removed(ids) {
      for (const id of ids) {
        const number = packs.find(id)
        if (number !== undefined) packs.set(number, { state: 'gone' })
        uncommitted.delete(id)
      }
    },
    released(ids) {
      state.markers = state.markers.filter(marker => !ids.includes(marker.id))
      applyMarkers(state)
    },
  }
}

/** How often a refresh begins anew because a collection elsewhere has replaced what it was about to read. */
const MOST_TRIES = 10

interface Look {
  readonly packs: boolean
  readonly tries: number
}

async function refresh(state: State, look: Look): Promise<void> {
  const { store, chunks, packs, segments, corrupt } = state
  if (look.tries === 0) throw restless(store)
  const afresh = { packs: true, tries: look.tries - 1 }
  const before = state.markers
  for (const { chunk } of await state.damage.refresh()) {
    const id = chunks.find(viewOf(Buffer.from(chunk, 'hex')), 0)
    if (id >= 0) state.places.lookElsewhere(id)
  }
  if (state.readAll) {
    segments.clear()
    corrupt.clear()
    state.readAll = false
  }
  state.markers = await readMarkers(store)
  const { fresh, vanished } = await listSegments(store, new Set([...segments.keys(), ...corrupt]))
  for (const id of vanished) if (!corrupt.delete(id)) segments.delete(id)
  const lifted = before.some(({ id }) => !state.markers.some(marker => marker.id === id))
  const stale = vanished.length > 0 || lifted || state.uncommitted.size > 0
  const knownBefore = packs.count()
  const listed = look.packs || stale || !state.listedOnce ? await listPacks(store) : undefined
  const lost = listed && applyListing(state, listed, knownBefore)
  applyMarkers(state)
  if (lost) {
    // What lay in the lost packs may lie in others too, which known segments tell: all are read once more.
    segments.clear()
    corrupt.clear()
    return refresh(state, afresh)
  }
  if (!(await loadSegments(state, fresh, listed))) return refresh(state, afresh)
  if (listed) await adoptUnmentioned(state, listed)
  state.listedOnce = true
}

/** One at a time: together they may be larger than the memory. False when one has been replaced meanwhile. */
async function loadSegments(
  state: State,
  ids: readonly string[],
  listed: ReadonlyMap<string, number> | undefined,
): Promise<boolean> {
  const { chunks, places, corrupt } = state
  // Of the first of all, most chunks are met once; what is known already would take room for good.
  const later = chunks.count() === 0
  try {
    for (const id of ids) {
      const segment = await readSegment(state.store, id)
      if (segment === 'missing') return false
      if (segment === 'corrupt') corrupt.add(id)
      else enterSegment(state, { id, ...segment, listed }, later)
      if (chunks.waitingBytes() >= state.memory.waitingBytes) places.settle()
    }
    return true
  } finally {
    places.settle()
  }
}

interface Loaded extends Segment {
  readonly id: string
  /** All packs by id, where they were listed. */
  readonly listed: ReadonlyMap<string, number> | undefined
}

function enterSegment(state: State, { listed, ...segment }: Loaded, later: boolean): void {
  const numbers = segment.packs.map(({ id: pack, bytes }) => {
    state.uncommitted.delete(pack)
    // A pack is older than its segment: one that a listing lacks which came after the segment's has been removed.
    const there = listed === undefined || listed.has(pack)
    return state.packs.numberOf(pack, { bytes, state: there ? stateByMarkers(state, pack) : 'gone' })
  })
  state.places.enterSegment(segment, numbers, { later })
  state.segments.set(segment.id, { id: segment.id, packs: numbers, rows: rowsOf(segment) })
}

/** Packs known before the listing and not in it are gone; whether any was not known to be. */
function applyListing(state: State, listed: ReadonlyMap<string, number>, knownBefore: number): boolean {
  let lost = false
  for (let number = 0; number < knownBefore; number++) {
    const pack = state.packs.at(number)
    if (pack === undefined) continue
    const bytes = listed.get(pack.id)
    if (bytes !== undefined) state.packs.set(number, { bytes, state: 'usable' })
    else {
      lost ||= pack.state !== 'gone'
      state.packs.set(number, { state: 'gone' })
      state.uncommitted.delete(pack.id)
    }
  }
  return lost
}

function applyMarkers(state: State): void {
  const condemned = new Set(state.markers.flatMap(marker => (marker.packs === 'all' ? [] : marker.packs)))
  const all = state.markers.some(marker => marker.packs === 'all')
  for (let number = 0; number < state.packs.count(); number++) {
    const pack = state.packs.at(number)
    if (pack === undefined || pack.state === 'gone') continue
    const isCondemned = all || condemned.has(pack.id)
    state.packs.set(number, { state: isCondemned ? 'condemned' : 'usable' })
  }
}

function stateByMarkers(state: State, pack: string): PackState {
  const condemned = state.markers.some(marker => marker.packs === 'all' || marker.packs.includes(pack))
  return condemned ? 'condemned' : 'usable'
}

async function adoptUnmentioned(state: State, listed: ReadonlyMap<string, number>): Promise<void> {
  for (const [id, bytes] of listed) {
    if (state.packs.find(id) !== undefined) continue
    const rows = await readTable(state.store, id, bytes)
    if (rows === undefined || state.packs.find(id) !== undefined) continue
    const is = stateByMarkers(state, id)
    state.places.enterPack(rows, state.packs.numberOf(id, { bytes, state: is }))
    state.uncommitted.set(id, { id, bytes, rows })
  }
}

/** The pack's own table; undefined when it vanished meanwhile or cannot be read. */
async function readTable(store: RealmStore, id: string, bytes: number): Promise<Buffer | undefined> {
  const key = store.keys.pack(id)
  const reading = unlessMissing(readPackTable(store.objectStore, { key, bytes }, store.sealing))
  return unlessCorrupt(reading, error =>
    store.log.error({ err: error, object: key }, 'a pack that no index segment mentions has no readable table'),
  )
}

async function commit(state: State, reliedOn: ReadonlySet<number>): Promise<void> {
  const ready = [...state.uncommitted.values()].filter(({ id }) => {
    const number = state.packs.find(id)
    return number !== undefined && (state.packs.state(number) === 'usable' || reliedOn.has(number))
  })
  for (const batch of forSegments(ready, rowsOf)) {
    const ofPacks = batch.map(pack => ({ packs: [pack], rows: pack.rows }))
    const merged = mergeSegments(ofPacks, () => false)
    const segment = await putSegment(state.store, state.packs, merged)
    state.segments.set(segment.id, segment)
    for (const pack of batch) state.uncommitted.delete(pack.id)
  }
}
