/**
 * The holds of a realm. A manifest whose hold has not ended is neither removed nor replaced, and the collector counts it
 * as live, whatever its caller says: a mistake above, or a catalog that somebody has changed, costs a row and no bytes.
 * Holds are only ever added, so that none is shortened; the latest counts. One that cannot be read has no end: a person
 * has to look.
 */
import { Fault } from '../ports/fault.ts'
import { decodeHold, encodeHold } from './hold.ts'
import { lastPart, manifestOfHold } from './object-keys.ts'
import type { Realm } from './realms.ts'
import { type RealmStore, unlessMissing } from './store-view.ts'

/** When the manifest's hold ends, in milliseconds since 1970; undefined when it has none. */
export async function heldUntil(realm: RealmStore, id: string): Promise<number | undefined> {
  let until: number | undefined
  for await (const { key } of realm.objectStore.list(realm.keys.holdsOf(id))) {
    until = Math.max(until ?? 0, await endOf(realm, id, key))
  }
  return until
}

/** Fault `denied` while the manifest is held. */
export async function checkNotHeld(realm: RealmStore, id: string, now: Date): Promise<void> {
  const until = await heldUntil(realm, id)
  if (until === undefined || until <= now.getTime()) return
  const end = Number.isFinite(until) ? new Date(until).toISOString() : 'for ever'
  throw new Fault('denied', `manifest ${id} is held until ${end}`)
}

/** Adds a hold unless there is one that lasts as long; answers the keys of all there are. Durable when it resolves. */
export async function addHold(realm: RealmStore, id: string, until: number): Promise<readonly string[]> {
  const held = await heldUntil(realm, id)
  if (held === undefined || held < until) {
    const hold = encodeHold(realm.sealing, id, until)
    await realm.objectStore.put(realm.keys.hold(id, hold.id), hold.parts)
  }
  return keysUnder(realm, realm.keys.holdsOf(id))
}

/** After the manifest has gone. */
export async function removeHolds(realm: Pick<RealmStore, 'objectStore' | 'keys'>, id: string): Promise<void> {
  const keys = await keysUnder(realm, realm.keys.holdsOf(id))
  if (keys.length > 0) await realm.objectStore.remove(keys)
}

/** Ids of all manifests that are held, there or not. */
export async function heldManifests(realm: Realm, now: Date): Promise<readonly string[]> {
  return [...(await endsIn(realm))].flatMap(([id, end]) => (end > now.getTime() ? id : []))
}

/** Removes holds that have ended and whose manifest is not there any more: a removal was cut short. */
export async function removeEnded(realm: Realm, manifests: ReadonlySet<string>, now: Date): Promise<void> {
  for (const [id, end] of await endsIn(realm)) {
    if (end <= now.getTime() && !manifests.has(id)) await removeHolds(realm, id)
  }
}

/** When the last hold of each manifest ends that has any. */
async function endsIn(realm: Realm): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>()
  for await (const { key } of realm.objectStore.list(realm.keys.holds)) {
    const id = manifestOfHold(key)
    const end = realm.holdEnds.get(key) ?? (await endOf(realm, id, key))
    realm.holdEnds.set(key, end)
    ends.set(id, Math.max(ends.get(id) ?? 0, end))
  }
  return ends
}

async function endOf(realm: RealmStore, manifest: string, key: string): Promise<number> {
  try {
    const object = await unlessMissing(realm.objectStore.get(key))
    return object === undefined ? 0 : decodeHold(realm.sealing, object, { manifest, at: key })
  } catch (error) {
    if (!(error instanceof Fault) || !error.permanent) throw error
    realm.log.error(
      { err: error, object: lastPart(key), manifest },
      'a hold cannot be read: it counts as one without end',
    )
    return Number.POSITIVE_INFINITY
  }
}

async function keysUnder({ objectStore }: Pick<RealmStore, 'objectStore'>, prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of objectStore.list(prefix)) keys.push(key)
  return keys
}
