/** Which backups refer to some chunks: asked only where damage was found, since it reads every distinct page once. */
import { HASH_BYTES, kind, NAME_BYTES, nameOf } from './chunk.ts'
import type { DamagedChunk } from './datastore.ts'
import type { ChunkProblem } from './fetch-chunks.ts'
import type { Manifest } from './manifest.ts'
import { findManifest, pageHash, readPage } from './manifest-store.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'
import { idsUnder, unlessCorrupt } from './store-view.ts'

/** Ids of the manifests that refer to each of the chunks (names in hex), in the order of their ids. */
async function manifestsWith(
  realm: Realm,
  chunks: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const touched = new Map([...chunks].map(chunk => [chunk, [] as string[]]))
  const ofPages = new Map<string, readonly string[]>()
  for (const id of await idsUnder(realm, realm.keys.manifests)) {
    signal?.throwIfAborted()
    const manifest = await ifReadable(realm, findManifest(realm, id))
    if (manifest === undefined) continue
    for (const chunk of await wantedIn(realm, manifest, chunks, ofPages)) touched.get(chunk)?.push(id)
  }
  return touched
}

async function wantedIn(
  realm: Realm,
  manifest: Manifest,
  chunks: ReadonlySet<string>,
  ofPages: Map<string, readonly string[]>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    const hash = pageHash(manifest, page)
    if (isZeroHash(hash, 0)) continue
    const name = Buffer.from(nameOf(realm.naming, kind.page, hash)).toString('hex')
    const known = ofPages.get(name) ?? (await wantedOnPage(realm, manifest, page, chunks))
    ofPages.set(name, known)
    if (chunks.has(name)) found.add(name)
    for (const chunk of known) found.add(chunk)
  }
  return found
}

/** What an unreadable page lists nobody can tell. */
async function wantedOnPage(realm: Realm, manifest: Manifest, page: number, chunks: ReadonlySet<string>) {
  const hashes = await ifReadable(realm, readPage(realm, manifest, page))
  if (hashes === undefined) return []
  const { names } = await realm.threads.run('name', { naming: realm.naming, kind: kind.data, hashes })
  const view = Buffer.from(names.buffer)
  const wanted = new Set<string>()
  for (let chunk = 0; chunk * HASH_BYTES < hashes.length; chunk++) {
    if (isZeroHash(hashes, chunk * HASH_BYTES)) continue
    const name = view.toString('hex', chunk * NAME_BYTES, (chunk + 1) * NAME_BYTES)
    if (chunks.has(name)) wanted.add(name)
  }
  return [...wanted]
}

/** Damage on the way is what is being looked into: it is told elsewhere. */
function ifReadable<T>(realm: Realm, reading: Promise<T>): Promise<T | undefined> {
  return unlessCorrupt(reading, error =>
    realm.log.warn({ err: error }, 'looking for damaged backups, something was unreadable'),
  )
}

/** The problems with the backups they touch, each chunk once. */
export async function withBackups(
  realm: Realm,
  problems: readonly ChunkProblem[],
  signal?: AbortSignal,
): Promise<readonly DamagedChunk[]> {
  if (problems.length === 0) return []
  const byChunk = new Map(problems.map(({ chunk, pack, what }) => [chunk, { chunk, pack, what }]))
  const touched = await manifestsWith(realm, new Set(byChunk.keys()), signal)
  return [...byChunk.values()].map(problem => ({ ...problem, backups: touched.get(problem.chunk) ?? [] }))
}
