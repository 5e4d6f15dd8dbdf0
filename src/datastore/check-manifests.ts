/** All manifests of a realm: whether each is whole, its pages can be read, and all its chunks lie in a pack that exists. */
import { Fault } from '../ports/fault.ts'
import { HASH_BYTES, kind } from './chunk.ts'
import type { DamagedObject } from './datastore.ts'
import { type ChunkProblem, fetchChunks } from './fetch-chunks.ts'
import { type IdSet, idSet } from './id-set.ts'
import type { Manifest } from './manifest.ts'
import { findManifest, pageBytes, pageHash } from './manifest-store.ts'
import { idOfPage, idsOfChunks } from './page-ids.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'
import { idsUnder } from './store-view.ts'

export interface CheckedManifests {
  readonly manifests: number
  /** Distinct chunks and pages that they refer to. */
  readonly chunks: number
  /** Pages that cannot be read, and chunks that are in no pack. */
  readonly problems: readonly ChunkProblem[]
  readonly objects: readonly DamagedObject[]
}

interface Walk {
  readonly met: IdSet
  readonly lost: Set<number>
  readonly problems: ChunkProblem[]
  chunks: number
}

export async function checkManifests(realm: Realm, signal: AbortSignal | undefined): Promise<CheckedManifests> {
  const walk: Walk = { met: idSet(), lost: new Set(), problems: [], chunks: 0 }
  const objects: DamagedObject[] = []
  let manifests = 0
  for (const id of await idsUnder(realm, realm.keys.manifests)) {
    signal?.throwIfAborted()
    const manifest = await readOrTell(realm, id)
    if (manifest === undefined) continue
    manifests += 1
    if ('what' in manifest) objects.push({ object: 'manifest', id, what: manifest.what, backups: [id] })
    else await walkPages(realm, manifest, walk, signal)
  }
  // A collection beside this may have moved some of them since the index was read.
  if (walk.lost.size > 0) await realm.index.refresh({ packs: true })
  return { manifests, chunks: walk.chunks, objects, problems: [...walk.problems, ...stillLost(realm, walk.lost)] }
}

/** Undefined when it has been deleted since it was listed. */
async function readOrTell(realm: Realm, id: string): Promise<Manifest | { readonly what: string } | undefined> {
  try {
    return await findManifest(realm, id)
  } catch (error) {
    if (!(error instanceof Fault) || !error.permanent) throw error
    return { what: error.message }
  }
}

async function walkPages(realm: Realm, manifest: Manifest, walk: Walk, signal: AbortSignal | undefined): Promise<void> {
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    const hash = pageHash(manifest, page)
    if (isZeroHash(hash, 0)) continue
    const id = idOfPage(realm, manifest, page)
    if (!walk.met.add(id)) continue
    signal?.throwIfAborted()
    walk.chunks += 1
    const rawLength = pageBytes(manifest, page)
    const raw = new SharedArrayBuffer(rawLength)
    const [problem] = await fetchChunks(realm, [{ at: 0, rawLength, kind: kind.page, hash }], raw)
    if (problem) walk.problems.push(problem)
    else await meetChunks(realm, new Uint8Array(raw), walk)
  }
}

async function meetChunks(realm: Realm, hashes: Uint8Array, walk: Walk): Promise<void> {
  for (const id of await idsOfChunks(realm, hashes)) {
    if (!walk.met.add(id)) continue
    walk.chunks += 1
    if (realm.index.isLost(id)) walk.lost.add(id)
  }
}

function stillLost(realm: Realm, lost: ReadonlySet<number>): readonly ChunkProblem[] {
  const { chunks, packs } = realm.index
  for (const id of lost) realm.index.lookElsewhere(id)
  return [...lost].filter(realm.index.isLost).map(id => {
    const pack = packs.at(chunks.packOf(id))?.id ?? ''
    const what = pack === '' ? 'it is in no pack' : 'the pack is missing'
    return { chunk: chunks.nameOf(id).toString('hex'), pack, what }
  })
}
