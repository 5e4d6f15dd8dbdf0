/**
 * Garbage collection: mark and sweep beside running writes and reads, without a lock against them.
 *
 *  1. mark what the live manifests refer to; packs with nothing or little of it are candidates
 *  2. condemn the candidates: a durable marker, after which no write that begins builds on them
 *  3. wait until every write running at this moment has ended; what they rely on shows in manifests that are live now
 *  4. mark those as well; candidates that are needed after all stay
 *  5. move what is left alive out of sparse packs; write index segments without the packs that go; then remove the old
 *     segments, then the packs, then the marker
 *
 * A crash anywhere leaves a marker, and perhaps packs that no segment mentions; the next collection ends the work. One
 * realm is collected by one process at a time (the job queue sees to that); should a second begin nevertheless, the
 * first finds its marker gone before it removes anything, and gives up.
 */
import { Fault } from '../ports/fault.ts'
import { encodeMarker } from './condemned.ts'
import type { Collected, CollectRequest } from './datastore.ts'
import { type IdSet, idSet } from './id-set.ts'
import { findManifest } from './manifest-store.ts'
import { markManifest } from './mark.ts'
import { moveChunks } from './move-chunks.ts'
import type { Realm } from './realms.ts'
import { rewriteSegments } from './rewrite-segments.ts'
import { idsUnder } from './store-view.ts'

/** A pack of which less is alive is rewritten; small ones have to be dead for that, or many. */
const SPARSE = 0.5
/** Packs below a quarter of the usual size are small; when there are this many, they are joined. */
const SMALL = 0.25
const MANY_SMALL = 16

export interface CollectSettings {
  readonly packBytes: number
}

interface Collection {
  readonly realm: Realm
  readonly request: CollectRequest
  readonly settings: CollectSettings
  readonly marked: IdSet
}

export async function collectGarbage(
  realm: Realm,
  request: CollectRequest,
  settings: CollectSettings,
): Promise<Collected> {
  const collection: Collection = { realm, request, settings, marked: idSet() }
  // Listed before asking what is live: a manifest written meanwhile is no orphan.
  const manifests = await idsUnder(realm, realm.keys.manifests)
  await realm.index.refresh({ packs: true })
  await realm.index.commit()
  const liveBefore = await markLive(collection)
  const staleMarkers = realm.index.markers()
  const orphans = manifests.filter(id => !liveBefore.has(id))
  const { index } = realm
  const condemnedBefore = packsIn(realm).filter(number => index.packs.state(number) === 'condemned')
  const joinSmall = hasManySmall(collection)
  const candidates = [...new Set([...condemnedBefore, ...leaving(collection, packsIn(realm), joinSmall)])]

  let removed: Removed = { packs: [], freedBytes: 0, movedBytes: 0 }
  let gone: readonly string[] = []
  if (candidates.length > 0 || orphans.length > 0 || staleMarkers.length > 0) {
    const marker = await condemn(realm, candidates)
    await request.writersDrained()
    request.signal?.throwIfAborted()
    await index.refresh({ packs: true })
    const live = await markLive(collection)
    gone = orphans.filter(id => !live.has(id))
    await realm.objectStore.remove(gone.map(realm.keys.manifest))
    removed = await sweep(collection, candidates, marker)
    await realm.objectStore.remove([...staleMarkers, marker].map(realm.keys.marker))
    index.released([...staleMarkers, marker])
    await index.commit()
  } else await rewriteSegments(realm, new Set())

  const keptBytes = packsIn(realm).reduce((sum, number) => sum + (index.packs.at(number)?.bytes ?? 0), 0)
  const freedBytes = Math.max(0, removed.freedBytes - removed.movedBytes)
  realm.log.info({ packs: removed.packs.length, manifests: gone.length, freedBytes, keptBytes }, 'garbage is collected')
  return { removedPacks: removed.packs.length, removedManifests: gone.length, freedBytes, keptBytes }
}

/** Marks what is live now; a live manifest that does not exist belongs to a write that has not ended. */
async function markLive({ realm, request, marked }: Collection): Promise<ReadonlySet<string>> {
  const live = await request.live()
  let missing = 0
  for (const id of live) {
    request.signal?.throwIfAborted()
    const manifest = await findManifest(realm, id)
    if (manifest === undefined) continue
    await markManifest(realm, manifest, marked, chunk => {
      if (realm.index.packs.state(realm.index.chunks.packOf(chunk)) === 'gone') missing += 1
    })
  }
  if (missing > 0) realm.log.error({ missing }, 'live backups refer to chunks that are in no pack')
  return new Set(live)
}

/** Numbers of the packs that exist. */
function packsIn({ index }: Realm): readonly number[] {
  return Array.from({ length: index.packs.count() }, (_, number) => number).filter(
    number => index.packs.state(number) !== 'gone',
  )
}

/** Sealed bytes of marked chunks, by number of pack. */
function aliveBytes({ realm, marked }: Collection): Float64Array {
  const { chunks, packs } = realm.index
  const alive = new Float64Array(packs.count())
  for (const id of marked.values()) {
    const pack = chunks.packOf(id)
    if (pack < alive.length) alive[pack] = (alive[pack] ?? 0) + chunks.sealedLength(id)
  }
  return alive
}

/** Those of the packs that are to go, what is alive in them being stored anew. */
function leaving(collection: Collection, among: readonly number[], joinSmall: boolean): readonly number[] {
  const { realm, settings } = collection
  const alive = aliveBytes(collection)
  return among.filter(number => {
    const bytes = realm.index.packs.at(number)?.bytes ?? 0
    const small = bytes < settings.packBytes * SMALL
    return !alive[number] || (small ? joinSmall : (alive[number] ?? 0) < bytes * SPARSE)
  })
}

const hasManySmall = ({ realm, settings }: Collection): boolean =>
  packsIn(realm).filter(number => (realm.index.packs.at(number)?.bytes ?? 0) < settings.packBytes * SMALL).length >=
  MANY_SMALL

async function condemn(realm: Realm, candidates: readonly number[]): Promise<string> {
  const packs = candidates.flatMap(number => realm.index.packs.at(number)?.id ?? [])
  const { id, parts } = encodeMarker(realm.sealing, packs)
  await realm.objectStore.put(realm.keys.marker(id), parts)
  realm.index.condemned({ id, packs })
  return id
}

interface Removed {
  readonly packs: readonly string[]
  readonly freedBytes: number
  readonly movedBytes: number
}

async function sweep(collection: Collection, candidates: readonly number[], marker: string): Promise<Removed> {
  const { realm, request } = collection
  const { packs } = realm.index
  const there = candidates.filter(number => packs.state(number) === 'condemned')
  const going = leaving(collection, there, hasManySmall(collection))
  const movedBytes = await moveChunks(realm, new Set(going), collection.marked, request.signal)
  // A pack with a damaged chunk that is alive stays as it is.
  const left = aliveBytes(collection)
  const empty = going.filter(number => !left[number])
  if (!(await idsUnder(realm, realm.keys.condemned)).includes(marker))
    throw new Fault('conflict', `realm ${realm.name} is collected by someone else as well`)
  const ids = empty.flatMap(number => packs.at(number)?.id ?? [])
  await rewriteSegments(realm, new Set(ids))
  const freedBytes = empty.reduce((sum, number) => sum + (packs.at(number)?.bytes ?? 0), 0)
  realm.index.removed(ids)
  await realm.objectStore.remove(ids.map(realm.keys.pack))
  return { packs: ids, freedBytes, movedBytes }
}
