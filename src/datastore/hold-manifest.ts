/** Holding a manifest, and letting one go that is not held. */
import type { Now } from '../ports/now.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { ManifestRef } from './datastore.ts'
import { pagesOf } from './held-alone.ts'
import { addHold, checkNotHeld, removeHolds } from './held-manifests.ts'
import type { Manifest } from './manifest.ts'
import { findManifest } from './manifest-store.ts'
import { objectKeys } from './object-keys.ts'
import { idOfPage, idsInPage } from './page-ids.ts'
import type { Realm, Realms } from './realms.ts'

/** How often packs are looked up again because a collection has moved chunks meanwhile. */
const MOST_LOOKS = 5

/** `until` in milliseconds since 1970, Infinity for ever. Whatever was begun before is done again: all steps repeat well. */
export async function holdManifest(realm: Realm, id: string, until: number): Promise<void> {
  const holds = await addHold(realm, id, until)
  const { retention } = realm.objectStore
  if (retention === undefined) return
  await retention.keep(holds, until)
  const manifest = await findManifest(realm, id)
  if (manifest === undefined) return
  await retention.keep([realm.keys.manifest(id)], until)
  const kept = new Set<string>()
  for (let look = 0; look < MOST_LOOKS; look++) {
    const packs = (await packsOf(realm, manifest)).difference(kept)
    if (packs.size === 0) return
    await retention.keep([...packs].map(realm.keys.pack), until)
    for (const pack of packs) kept.add(pack)
    await realm.index.refresh()
  }
  realm.log.warn(
    { manifest: id },
    'the packs of a held manifest were moved while they were kept; the last ones may not be',
  )
}

/** Ids of the packs in which the manifest's pages and chunks lie now. */
async function packsOf(realm: Realm, manifest: Manifest): Promise<Set<string>> {
  const packs = new Set<string>()
  for (const { page } of pagesOf(manifest).values()) {
    for (const id of [idOfPage(realm, manifest, page), ...(await idsInPage(realm, manifest, page))]) {
      const pack = realm.index.packs.at(realm.index.chunks.packOf(id))
      if (pack) packs.add(pack.id)
    }
  }
  return packs
}

export interface Letting {
  readonly objectStore: ObjectStore
  readonly realms: Realms
  readonly now: Now
}

/** Missing is fine; Fault `denied` while it is held. The realm is opened only where there is a hold to read. */
export async function removeManifest({ objectStore, realms, now }: Letting, ref: ManifestRef): Promise<void> {
  const keys = objectKeys(ref.realm)
  const [hold] = await Array.fromAsync(objectStore.list(keys.holdsOf(ref.id)))
  if (hold !== undefined) await realms.use(ref.realm, realm => checkNotHeld(realm, ref.id, now()))
  await objectStore.remove([keys.manifest(ref.id)])
  if (hold !== undefined) await removeHolds({ objectStore, keys }, ref.id)
}
