/** The index's ids of pages, and of what they list. */
import { HASH_BYTES, kind, NAME_BYTES, nameOf } from './chunk.ts'
import { viewOf } from './chunk-index.ts'
import type { Manifest } from './manifest.ts'
import { pageHash, readPage } from './manifest-store.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'

/** Of the page itself. */
export function idOfPage(realm: Realm, manifest: Manifest, page: number): number {
  return realm.index.chunks.idOf(viewOf(nameOf(realm.naming, kind.page, pageHash(manifest, page))), 0)
}

/** Ids of all chunks that the page lists, each as often as it is listed. Fault `corrupt`. */
export async function idsInPage(realm: Realm, manifest: Manifest, page: number): Promise<readonly number[]> {
  return idsOfChunks(realm, await readPage(realm, manifest, page))
}

/** Of the data chunks with these hashes; zeros have none. */
export async function idsOfChunks(realm: Realm, hashes: Uint8Array): Promise<readonly number[]> {
  const { names } = await realm.threads.run('name', { naming: realm.naming, kind: kind.data, hashes })
  const view = viewOf(names)
  const ids: number[] = []
  for (let chunk = 0; chunk * HASH_BYTES < hashes.length; chunk++) {
    if (!isZeroHash(hashes, chunk * HASH_BYTES)) ids.push(realm.index.chunks.idOf(view, chunk * NAME_BYTES))
  }
  return ids
}
