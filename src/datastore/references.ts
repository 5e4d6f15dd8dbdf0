/**
 * How often each chunk is referred to: a page by the manifests that list it, a data chunk by the pages in use that list
 * it. Kept between collections, so that one costs what has changed since the last: of a manifest that went only the pages
 * that nobody else has are looked at. 4 bytes per chunk in the pool of pages, and in memory 4 per page (256 MiB of disk) of
 * each manifest.
 */
import { PAGE_WORDS, type PagePool } from './pages.ts'

export interface References {
  /** The pages (ids) of each manifest that is counted, by its id. */
  readonly manifests: Map<string, Uint32Array>
  /** Those of them that were counted while another manifest could still be put under their id. */
  readonly provisional: Set<string>
  has(id: number): boolean
  /** One more; true when it was the first. */
  add(id: number): boolean
  /** One less; true when it was the last. */
  remove(id: number): boolean
  /** Ids of all that is referred to. */
  values(): IterableIterator<number>
  /** Forgets everything: whoever fails in the middle of a change calls this. */
  clear(): void
}

export function references(pool: PagePool): References {
  const manifests: References['manifests'] = new Map()
  const provisional: References['provisional'] = new Set()
  let counts = pool.words()
  /** Counts of chunks from here on are 0, and have no page. */
  let end = 0
  const countOf = (id: number): number =>
    id < end ? (counts.read(Math.floor(id / PAGE_WORDS))[id % PAGE_WORDS] ?? 0) : 0
  const change = (id: number, by: number): void => {
    const page = Math.floor(id / PAGE_WORDS)
    const words = counts.write(page)
    words[id % PAGE_WORDS] = (words[id % PAGE_WORDS] ?? 0) + by
    end = Math.max(end, (page + 1) * PAGE_WORDS)
  }
  return {
    manifests,
    provisional,
    has: id => countOf(id) > 0,
    add(id) {
      const before = countOf(id)
      change(id, 1)
      return before === 0
    },
    remove(id) {
      const before = countOf(id)
      if (before === 0) throw new Error(`chunk ${id} is not referred to and cannot be less so`)
      change(id, -1)
      return before === 1
    },
    *values() {
      for (let id = 0; id < end; id++) if (countOf(id) > 0) yield id
    },
    clear() {
      manifests.clear()
      provisional.clear()
      counts.free()
      counts = pool.words()
      end = 0
    },
  }
}
