/** Brings a realm's counts of references in line with the manifests that are live. */
import { Fault } from '../ports/fault.ts'
import { HASH_BYTES } from './chunk.ts'
import type { CollectRequest } from './datastore.ts'
import { fetchPage } from './fetch-chunks.ts'
import type { Manifest } from './manifest.ts'
import { findManifest, pageBytes, pageHash } from './manifest-store.ts'
import { idOfPage, idsOfChunks } from './page-ids.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'
import { isCorrupt } from './store-view.ts'

/**
 * Answers the ids that are live. A live manifest that does not exist belongs to a write that has not ended. Fault
 * `corrupt` when one, or a page of it, cannot be read: then nobody knows what it needs.
 */
export async function followLive(
  realm: Realm,
  request: Pick<CollectRequest, 'live' | 'unsettled' | 'signal'>,
): Promise<ReadonlySet<string>> {
  const live = new Set(await request.live())
  const unsettled = new Set(await request.unsettled?.())
  const { references } = realm
  const wasEmpty = references.manifests.size === 0
  try {
    try {
      await follow(realm, live, unsettled, request.signal)
    } catch (error) {
      // A page to be given up is not there any more when another process has collected meanwhile.
      if (wasEmpty || !isCorrupt(error)) throw error
      references.clear()
      await follow(realm, live, unsettled, request.signal)
    }
  } catch (error) {
    references.clear()
    throw error
  }
  return live
}

/** Adds before it takes away: what both have need not be read again. */
async function follow(
  realm: Realm,
  live: ReadonlySet<string>,
  unsettled: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { manifests, provisional } = realm.references
  // What was counted while its write ran may have been replaced at that write's end, whatever its state is now.
  const left = [...manifests].filter(([id]) => !live.has(id) || unsettled.has(id) || provisional.has(id))
  for (const [id] of left) manifests.delete(id)
  provisional.clear()
  for (const id of unsettled) provisional.add(id)
  for (const id of live) {
    if (manifests.has(id)) continue
    signal?.throwIfAborted()
    await count(realm, id)
  }
  for (const [, pages] of left) for (const page of pages) await uncountPage(realm, page)
}

async function count(realm: Realm, id: string): Promise<void> {
  const manifest = await findManifest(realm, id)
  if (manifest === undefined) return
  try {
    realm.references.manifests.set(id, await countPages(realm, manifest))
  } catch (error) {
    if (!isCorrupt(error)) throw error
    throw new Fault('corrupt', `what backup ${id} needs cannot be told, so nothing is collected: ${error.message}`, {
      cause: error,
    })
  }
}

async function countPages(realm: Realm, manifest: Manifest): Promise<Uint32Array> {
  const pages: number[] = []
  const lost: number[] = []
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    if (isZeroHash(pageHash(manifest, page), 0)) continue
    const id = idOfPage(realm, manifest, page)
    // Read before anything is counted: a page counts with all that it lists, or not at all.
    const chunks = realm.references.has(id) ? [] : await chunksOf(realm, id, pageBytes(manifest, page))
    realm.references.add(id)
    for (const chunk of chunks) if (realm.references.add(chunk) && realm.index.isLost(chunk)) lost.push(chunk)
    pages.push(id)
  }
  if (lost.length > 0) await tellLost(realm, lost)
  return Uint32Array.from(pages)
}

/** Unless it is only that another process has stored them since the index was read. */
async function tellLost(realm: Realm, chunks: readonly number[]): Promise<void> {
  await realm.index.refresh({ packs: true })
  const lost = chunks.filter(realm.index.isLost).length
  if (lost > 0) realm.log.error({ lost }, 'a live backup refers to chunks that are in no pack')
}

async function uncountPage(realm: Realm, page: number): Promise<void> {
  if (!realm.references.remove(page)) return
  const rawLength = realm.index.chunks.place(page)?.rawLength ?? 0
  for (const chunk of await chunksOf(realm, page, rawLength)) realm.references.remove(chunk)
}

/** Ids of what a page lists, as often as it lists it. */
async function chunksOf(realm: Realm, page: number, rawLength: number): Promise<readonly number[]> {
  return idsOfChunks(realm, await fetchPage(realm, { id: page }, rawLength))
}
