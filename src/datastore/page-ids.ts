import { HASH_BYTES, kind, NAME_BYTES, nameOf } from './chunk.ts'
import type { Manifest } from './manifest.ts'
import { pageHash, readPage } from './manifest-store.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'

/** The index's id of the page itself. */
export function idOfPage(realm: Realm, manifest: Manifest, page: number): number {
  const name = nameOf(realm.naming, kind.page, pageHash(manifest, page))
  return realm.index.chunks.idOf(new DataView(name.buffer, name.byteOffset, name.length), 0)
}

/** Ids of all chunks that the page lists, each as often as it is listed. Fault `corrupt`. */
export async function idsInPage(realm: Realm, manifest: Manifest, page: number): Promise<readonly number[]> {
  const hashes = await readPage(realm, manifest, page)
  const { names } = await realm.threads.run('name', { naming: realm.naming, kind: kind.data, hashes })
  const view = new DataView(names.buffer)
  const ids: number[] = []
  for (let chunk = 0; chunk * HASH_BYTES < hashes.length; chunk++) {
    if (!isZeroHash(hashes, chunk * HASH_BYTES)) ids.push(realm.index.chunks.idOf(view, chunk * NAME_BYTES))
  }
  return ids
}
