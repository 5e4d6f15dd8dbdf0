/**
 * What the store holds of a realm's index: found by listing, read, and a segment put. The order of looking is what makes it safe beside a
 * collection in another process: markers, then segments, then packs; a collection removes in the order segments, packs,
 * marker. So whoever sees no marker sees the segments that replaced the old ones.
 */
import { Fault } from '../ports/fault.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { decodeMarker } from './condemned.ts'
import { decodeSegment, encodeSegment, rowsOf, type Segment } from './index-segment.ts'
import { lastPart, type ObjectKeys } from './object-keys.ts'
import type { PackTable } from './pack-table.ts'

export interface RealmStore {
  readonly objectStore: ObjectStore
  readonly keys: ObjectKeys
  readonly sealing: Uint8Array
  readonly log: Log
}

export interface Marker {
  readonly id: string
  /** 'all' when the marker cannot be read: then nothing may be built on. */
  readonly packs: readonly string[] | 'all'
}

export async function readMarkers(store: RealmStore): Promise<readonly Marker[]> {
  const markers: Marker[] = []
  for (const id of await idsUnder(store, store.keys.condemned)) {
    const object = await unlessMissing(store.objectStore.get(store.keys.marker(id)))
    if (object) markers.push({ id, packs: packsOf(store, object, store.keys.marker(id)) })
  }
  return markers
}

function packsOf(store: RealmStore, object: Buffer, key: string): Marker['packs'] {
  try {
    return decodeMarker(store.sealing, object, key)
  } catch (error) {
    if (!isCorrupt(error)) throw error
    store.log.error({ err: error, object: key }, 'a marker of condemned packs is corrupt: nothing old is built on')
    return 'all'
  }
}

export interface ListedSegments {
  /** Those that are not known yet. */
  readonly fresh: readonly string[]
  /** Of the known ones, those that are there no more. */
  readonly vanished: readonly string[]
}

const MOST_LISTINGS = 10

/**
 * When a known segment has vanished, its successor may have been put behind the place the listing had reached: it looks
 * again, until nothing vanishes. Whoever finds one missing that was listed here has to come back for the same reason.
 */
export async function listSegments(store: RealmStore, known: ReadonlySet<string>): Promise<ListedSegments> {
  const vanished = new Set<string>()
  for (let listing = 0; listing < MOST_LISTINGS; listing++) {
    const listed = new Set(await idsUnder(store, store.keys.index))
    const lost = [...known].filter(id => !listed.has(id) && !vanished.has(id))
    for (const id of lost) vanished.add(id)
    if (lost.length === 0) return { fresh: [...listed].filter(id => !known.has(id)), vanished: [...vanished] }
  }
  throw restless(store)
}

export const restless = (store: RealmStore): Fault =>
  new Fault('unavailable', `the index under ${store.keys.index} does not come to rest`)

export async function readSegment(store: RealmStore, id: string): Promise<Segment | 'missing' | 'corrupt'> {
  const key = store.keys.segment(id)
  try {
    const object = await unlessMissing(store.objectStore.get(key))
    return object ? decodeSegment(store.sealing, object, key) : 'missing'
  } catch (error) {
    if (!isCorrupt(error)) throw error
    store.log.error({ err: error, object: key }, 'an index segment is corrupt: its packs tell what they hold')
    return 'corrupt'
  }
}

/** What need not be read to know whether a segment has to be rewritten. */
export interface SegmentInfo {
  readonly id: string
  /** Numbers of the packs it mentions. */
  readonly packs: readonly number[]
  readonly rows: number
}

/** Durable when it resolves. */
export async function putSegment(store: RealmStore, packs: PackTable, segment: Segment): Promise<SegmentInfo> {
  const { id, parts } = encodeSegment(store.sealing, segment)
  await store.objectStore.put(store.keys.segment(id), parts)
  return { id, packs: segment.packs.flatMap(pack => packs.find(pack.id) ?? []), rows: rowsOf(segment) }
}

/** Sizes of all packs by id. */
export async function listPacks(store: RealmStore): Promise<ReadonlyMap<string, number>> {
  const packs = new Map<string, number>()
  for await (const { key, bytes } of store.objectStore.list(store.keys.packs)) packs.set(lastPart(key), bytes)
  return packs
}

export async function idsUnder(store: RealmStore, prefix: string): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { key } of store.objectStore.list(prefix)) ids.push(lastPart(key))
  return ids
}

/** Undefined when the object is gone. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Fault && error.kind === 'missing') return undefined
    throw error
  }
}

/** Undefined, and told, when it is corrupt. */
export async function unlessCorrupt<T>(reading: Promise<T>, tell: (error: Fault) => void): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (!isCorrupt(error)) throw error
    tell(error)
    return undefined
  }
}

export const isCorrupt = (error: unknown): error is Fault => error instanceof Fault && error.kind === 'corrupt'
