/** Which chunks manifests refer to, as sets of ids. A page met before costs nothing: its chunks are marked already. */
import { HASH_BYTES, kind, NAME_BYTES, nameOf } from './chunk.ts'
import { type IdSet, idSet } from './id-set.ts'
import type { Manifest } from './manifest.ts'
import { pageHash, readPage } from './manifest-store.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'

/** Adds the ids of all chunks and pages; calls `added` for each that was new. Fault `corrupt` when a page cannot be read. */
export async function markManifest(
  realm: Realm,
  manifest: Manifest,
  marked: IdSet,
  added?: (id: number) => void,
): Promise<void> {
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    const hash = pageHash(manifest, page)
    if (isZeroHash(hash, 0)) continue
    const name = nameOf(realm.naming, kind.page, hash)
    const pageId = realm.index.chunks.idOf(new DataView(name.buffer, name.byteOffset, name.length), 0)
    if (marked.has(pageId)) continue
    const hashes = await readPage(realm, manifest, page)
    const { names } = await realm.threads.run('name', { naming: realm.naming, kind: kind.data, hashes })
    const view = new DataView(names.buffer)
    for (let chunk = 0; chunk * HASH_BYTES < hashes.length; chunk++) {
      if (isZeroHash(hashes, chunk * HASH_BYTES)) continue
      const id = realm.index.chunks.idOf(view, chunk * NAME_BYTES)
      if (marked.add(id)) added?.(id)
    }
    // Only now: a page counts as met when all its chunks are marked.
    if (marked.add(pageId)) added?.(pageId)
  }
}

/** Sealed bytes of what `manifest` refers to and none of the others does. */
export async function heldAlone(realm: Realm, manifest: Manifest, others: readonly Manifest[]): Promise<number> {
  const marked = idSet()
  for (const other of others) await markManifest(realm, other, marked)
  let sum = 0
  await markManifest(realm, manifest, marked, id => {
    sum += realm.index.chunks.sealedLength(id)
  })
  return sum
}
