/** What a backup holds and its neighbours do not. */
import { HASH_BYTES } from './chunk.ts'
import { type IdSet, idSet } from './id-set.ts'
import type { Manifest } from './manifest.ts'
import { pageHash } from './manifest-store.ts'
import { idOfPage, idsInPage } from './page-ids.ts'
import type { Realm } from './realms.ts'
import { isZeroHash } from './store-chunks.ts'

/**
 * Sealed bytes of what `manifest` refers to and none of the others does. Pages they share are not even read, so that it
 * costs what has changed between them, whatever the disk's size; the one thing missed is content that `manifest` has in a
 * page of its own and again in a shared one, which counts as its own.
 */
export async function heldAlone(realm: Realm, manifest: Manifest, others: readonly Manifest[]): Promise<number> {
  const own = pagesOf(manifest)
  const theirs = new Map(others.flatMap(other => [...pagesOf(other)]))
  const [alone, changed] = [without(own, theirs), without(theirs, own)]
  if (alone.length === 0) return 0
  const marked = idSet()
  for (const place of changed) await markPage(realm, place, marked)
  let sum = 0
  for (const place of alone) {
    await markPage(realm, place, marked, id => {
      sum += realm.index.chunks.sealedLength(id)
    })
  }
  return sum
}

interface PagePlace {
  readonly manifest: Manifest
  readonly page: number
}

/** Each page that is not all zeros once, by its hash. */
export function pagesOf(manifest: Manifest): ReadonlyMap<string, PagePlace> {
  const pages = new Map<string, PagePlace>()
  for (let page = 0; page * HASH_BYTES < manifest.pages.length; page++) {
    const hash = pageHash(manifest, page)
    if (!isZeroHash(hash, 0)) pages.set(hash.toString('latin1'), { manifest, page })
  }
  return pages
}

const without = (pages: ReadonlyMap<string, PagePlace>, others: ReadonlyMap<string, PagePlace>): readonly PagePlace[] =>
  [...pages].flatMap(([hash, place]) => (others.has(hash) ? [] : [place]))

/** Adds the ids of the page and of all its chunks; calls `added` for each that was new. Fault `corrupt`. */
async function markPage(
  realm: Realm,
  { manifest, page }: PagePlace,
  marked: IdSet,
  added?: (id: number) => void,
): Promise<void> {
  const pageId = idOfPage(realm, manifest, page)
  if (marked.has(pageId)) return
  for (const id of await idsInPage(realm, manifest, page)) if (marked.add(id)) added?.(id)
  // Only now: a page counts as met when all its chunks are marked.
  if (marked.add(pageId)) added?.(pageId)
}
