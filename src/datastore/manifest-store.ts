/** Manifests in the store, and the pages they list. */
import { Fault } from '../ports/fault.ts'
import { CHUNKS_PER_PAGE, HASH_BYTES } from './chunk.ts'
import { fetchPage } from './fetch-chunks.ts'
import { chunkCount, decodeManifest, type Manifest } from './manifest.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'
import { unlessMissing } from './store-view.ts'

/** Fault `missing`, `corrupt`. */
export async function readManifest(realm: Realm, id: string): Promise<Manifest> {
  const manifest = await findManifest(realm, id)
  if (manifest === undefined) throw new Fault('missing', `there is no manifest ${id}`)
  return manifest
}

export async function findManifest(realm: Realm, id: string): Promise<Manifest | undefined> {
  const object = await unlessMissing(realm.objectStore.get(realm.keys.manifest(id)))
  return object && decodeManifest(realm.sealing, id, object)
}

/** Bytes of the page: a hash per chunk of the disk that it covers. */
export function pageBytes(manifest: Pick<Manifest, 'sizeBytes'>, page: number): number {
  return Math.min(CHUNKS_PER_PAGE, chunkCount(manifest.sizeBytes) - page * CHUNKS_PER_PAGE) * HASH_BYTES
}

export const pageHash = (manifest: Manifest, page: number): Buffer =>
  manifest.pages.subarray(page * HASH_BYTES, (page + 1) * HASH_BYTES)

/** The hashes of a page's chunks, one after the other. Fault `corrupt`. */
export async function readPage(realm: Realm, manifest: Manifest, page: number): Promise<Uint8Array> {
  const rawLength = pageBytes(manifest, page)
  const hash = pageHash(manifest, page)
  if (isZeroHash(hash, 0)) return new Uint8Array(rawLength)
  return fetchPage(realm, { hash }, rawLength)
}
