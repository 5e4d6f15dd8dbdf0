/**
 * Garbage collection: mark and sweep beside running writes and reads, without a lock against them.
 *
 *  1. count what the live manifests refer to (only those that came or went since the last time); packs with nothing or
 *     little of it are candidates
 *  2. condemn the candidates: a durable marker, after which no write that begins builds on them
 *  3. wait until every write running at this moment has ended; what they rely on shows in manifests that are live now
 *  4. count those as well; candidates that are needed after all stay
 *  5. write index segments without the packs that are dead, then remove these; then, a few packs at a time, move what is
 *     alive out of sparse ones and remove them in the same way; then the marker
 *
 * A crash anywhere leaves a marker, and perhaps packs that no segment mentions; the next collection ends the work. So does
 * the next one after a store was too full to move anything: what is dead goes first, and needs no room. One realm is
 * collected by one process at a time (the jobs see to that); should a second begin nevertheless, the first finds its
 * marker gone before it removes anything, and gives up.
 */
import { Fault } from '../ports/fault.ts'
import type { Now } from '../ports/now.ts'
import { viewOf } from './chunk-index.ts'
import { encodeMarker } from './condemned.ts'
import type { Collected, CollectRequest } from './datastore.ts'
import { followLive } from './follow-live.ts'
import { heldManifests, removeEnded, removeHolds } from './held-manifests.ts'
import { moveChunks } from './move-chunks.ts'
import { type Pace, paceOf } from './pace.ts'
import type { Realm } from './realms.ts'
import { rewriteSegments } from './rewrite-segments.ts'
import { idsUnder } from './store-view.ts'

/** A pack of which less is alive is rewritten; small ones have to be dead for that, or many. */
const SPARSE = 0.5
/** Packs below a quarter of the usual size are small; when there are this many, they are joined. */
const SMALL = 0.25
const MANY_SMALL = 16
/** Packs from which chunks are moved at a time: as much room is needed before any is won, and as much is lost by a stop. */
const MOVED_TOGETHER = 16

export interface CollectSettings {
  readonly packBytes: number
  readonly now: Now
}

interface Collection {
  readonly realm: Realm
  readonly request: CollectRequest
  readonly settings: CollectSettings
  readonly pace: Pace
}

export async function collectGarbage(
  realm: Realm,
  asked: CollectRequest,
  settings: CollectSettings,
): Promise<Collected> {
  const request = alsoHeld(realm, asked, settings.now)
  const collection: Collection = { realm, request, settings, pace: paceOf(request.bytesPerSecond) }
  const { index } = realm
  // Listed before asking what is live: a manifest written meanwhile is no orphan.
  const manifests = await idsUnder(realm, realm.keys.manifests)
  await index.refresh({ packs: true })
  await commitIfRoom(realm)
  const liveBefore = await followLive(realm, request)
  const staleMarkers = index.markers()
  const orphans = manifests.filter(id => !liveBefore.has(id))
  const condemnedBefore = packsIn(realm).filter(number => index.packs.state(number) === 'condemned')
  const candidates = await notKept(realm, [...new Set([...condemnedBefore, ...leaving(collection, packsIn(realm))])])

  let removed: Removed = nothing
  let gone: readonly string[] = []
  if (candidates.length > 0 || orphans.length > 0 || staleMarkers.length > 0) {
    const marker = await condemn(realm, candidates)
    await request.writersDrained()
    request.signal?.throwIfAborted()
    await index.refresh()
    const live = await followLive(realm, request)
    const dead = orphans.filter(id => !live.has(id))
    const kept = await keptOf(realm, dead.map(realm.keys.manifest))
    gone = dead.filter(id => !kept.has(realm.keys.manifest(id)))
    await realm.objectStore.remove(gone.map(realm.keys.manifest))
    for (const id of gone) await removeHolds(realm, id)
    removed = await sweep(collection, candidates, marker)
    await realm.objectStore.remove([...staleMarkers, marker].map(realm.keys.marker))
    index.released([...staleMarkers, marker])
    await commitIfRoom(realm)
  } else await rewriteSegments(realm, new Set())
  await removeEnded(realm, new Set(manifests), settings.now())
  await index.damage.tidy(({ pack }) => index.packs.has(pack))

  const keptBytes = packsIn(realm).reduce((sum, number) => sum + bytesOf(realm, number), 0)
  const freedBytes = Math.max(0, removed.freedBytes - removed.movedBytes)
  realm.log.info({ packs: removed.packs, manifests: gone.length, freedBytes, keptBytes }, 'garbage is collected')
  return { removedPacks: removed.packs, removedManifests: gone.length, freedBytes, keptBytes }
}

/** What stays out of the index for want of room is found in its packs' tables, as it was before. */
async function commitIfRoom({ index, log }: Realm): Promise<void> {
  try {
    await index.commit()
  } catch (error) {
    if (!isFull(error)) throw error
    log.warn({ err: error }, 'the store is too full to index what is stored')
  }
}

/** What is held is live, whatever the caller says. */
function alsoHeld(realm: Realm, request: CollectRequest, now: Now): CollectRequest {
  return { ...request, live: async () => [...(await request.live()), ...(await heldManifests(realm, now()))] }
}

/** A pack that the store keeps is left where it is, dead or sparse: to ask for its removal would only fail. */
async function notKept(realm: Realm, numbers: readonly number[]): Promise<readonly number[]> {
  const keyOf = (number: number): string => realm.keys.pack(realm.index.packs.at(number)?.id ?? '')
  const kept = await keptOf(realm, numbers.map(keyOf))
  return numbers.filter(number => !kept.has(keyOf(number)))
}

/** By the store's own clock, which may be behind the one that ended the holds. */
async function keptOf({ objectStore }: Realm, keys: readonly string[]): Promise<ReadonlySet<string>> {
  return keys.length === 0 ? new Set() : ((await objectStore.retention?.kept(keys)) ?? new Set())
}

/** Numbers of the packs that exist. */
function packsIn({ index }: Realm): readonly number[] {
  return Array.from({ length: index.packs.count() }, (_, number) => number).filter(
    number => index.packs.state(number) !== 'gone',
  )
}

const bytesOf = ({ index }: Realm, number: number): number => index.packs.at(number)?.bytes ?? 0

/** Sealed bytes of what is referred to, by number of pack. */
function aliveBytes({ index, references }: Realm): Float64Array {
  const alive = new Float64Array(index.packs.count())
  for (const id of references.values()) {
    const pack = index.chunks.packOf(id)
    if (pack < alive.length) alive[pack] = (alive[pack] ?? 0) + index.chunks.sealedLength(id)
  }
  return alive
}

/** Those of the packs that are to go, what is alive in them being stored anew. */
function leaving({ realm, settings }: Collection, among: readonly number[]): readonly number[] {
  const alive = aliveBytes(realm)
  const isSmall = (number: number): boolean => bytesOf(realm, number) < settings.packBytes * SMALL
  const joinSmall = packsIn(realm).filter(isSmall).length >= MANY_SMALL
  const superseded = supersededIn(realm)
  return among.filter(number => {
    if (!alive[number] || superseded.has(number)) return true
    return isSmall(number) ? joinSmall : (alive[number] ?? 0) < bytesOf(realm, number) * SPARSE
  })
}

/** Packs with damaged chunks of which none is needed: it is dead, or was stored again since. */
function supersededIn({ index, references }: Realm): ReadonlySet<number> {
  const [superseded, needed] = [new Set<number>(), new Set<number>()]
  for (const { chunk, pack } of index.damage.places()) {
    const number = index.packs.find(pack)
    const name = Buffer.from(chunk, 'hex')
    const id = index.chunks.find(viewOf(name), 0)
    if (number === undefined) continue
    if (id >= 0 && references.has(id) && index.chunks.packOf(id) === number) needed.add(number)
    else superseded.add(number)
  }
  return superseded.difference(needed)
}

async function condemn(realm: Realm, candidates: readonly number[]): Promise<string> {
  const packs = candidates.flatMap(number => realm.index.packs.at(number)?.id ?? [])
  const { id, parts } = encodeMarker(realm.sealing, packs)
  await realm.objectStore.put(realm.keys.marker(id), parts)
  realm.index.condemned({ id, packs })
  return id
}

interface Removed {
  readonly packs: number
  readonly freedBytes: number
  readonly movedBytes: number
}

const nothing: Removed = { packs: 0, freedBytes: 0, movedBytes: 0 }

const plus = (a: Removed, b: Removed): Removed => ({
  packs: a.packs + b.packs,
  freedBytes: a.freedBytes + b.freedBytes,
  movedBytes: a.movedBytes + b.movedBytes,
})

async function sweep(collection: Collection, candidates: readonly number[], marker: string): Promise<Removed> {
  const { realm } = collection
  const { packs } = realm.index
  const going = leaving(
    collection,
    candidates.filter(number => packs.state(number) === 'condemned'),
  )
  const alive = aliveBytes(realm)
  const dead = going.filter(number => !alive[number])
  const sparse = going.filter(number => alive[number])
  const living = livingIn(realm, new Set(sparse))
  let removed = await removePacks(realm, dead, marker)
  for (let at = 0; at < sparse.length; at += MOVED_TOGETHER) {
    try {
      const together = sparse.slice(at, at + MOVED_TOGETHER)
      removed = plus(removed, await empty(collection, { packs: together, living }, marker))
    } catch (error) {
      if (!isFull(error)) throw error
      realm.log.warn({ err: error }, 'the store is too full to move chunks out of sparse packs; they stay for now')
      break
    }
  }
  return removed
}

/** Ids of what is referred to in these packs, by number of pack. */
function livingIn({ index, references }: Realm, packs: ReadonlySet<number>): ReadonlyMap<number, readonly number[]> {
  const living = new Map([...packs].map(number => [number, [] as number[]]))
  if (packs.size > 0) for (const id of references.values()) living.get(index.chunks.packOf(id))?.push(id)
  return living
}

interface Sparse {
  readonly packs: readonly number[]
  readonly living: ReadonlyMap<number, readonly number[]>
}

/** Moves what is alive out of the packs, and removes them. One with a damaged chunk that is alive stays as it is. */
async function empty(collection: Collection, { packs, living }: Sparse, marker: string): Promise<Removed> {
  const { realm, request, pace } = collection
  const ids = packs.flatMap(number => living.get(number) ?? [])
  const movedBytes = await moveChunks(realm, ids, { pace, signal: request.signal })
  const held = new Set(ids.map(id => realm.index.chunks.packOf(id)))
  const removed = await removePacks(
    realm,
    packs.filter(number => !held.has(number)),
    marker,
  )
  return plus(removed, { ...nothing, movedBytes })
}

async function removePacks(realm: Realm, numbers: readonly number[], marker: string): Promise<Removed> {
  if (!(await idsUnder(realm, realm.keys.condemned)).includes(marker))
    throw new Fault('conflict', `realm ${realm.name} is collected by someone else as well`, { permanent: false })
  const ids = numbers.flatMap(number => realm.index.packs.at(number)?.id ?? [])
  const leftInIndex = await rewritten(realm, new Set(ids))
  realm.index.removed(ids)
  await realm.objectStore.remove(ids.map(realm.keys.pack))
  if (leftInIndex) await rewritten(realm, new Set(ids))
  return { ...nothing, packs: ids.length, freedBytes: numbers.reduce((sum, number) => sum + bytesOf(realm, number), 0) }
}

/**
 * Takes the packs out of the index. True when the store is too full for that: who loads the index sees that these packs
 * are not there, their going makes room, and the next rewriting leaves them out.
 */
async function rewritten(realm: Realm, gone: ReadonlySet<string>): Promise<boolean> {
  try {
    await rewriteSegments(realm, gone)
    return false
  } catch (error) {
    if (!isFull(error)) throw error
    realm.log.warn({ err: error }, 'the store is full: dead packs go before the index that mentions them')
    return true
  }
}

const isFull = (error: unknown): boolean => error instanceof Fault && error.kind === 'full'
