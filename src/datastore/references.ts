/**
 * How often each chunk is referred to: a page by the manifests that list it, a data chunk by the pages in use that list
 * it. Kept between collections, so that one costs what has changed since the last: of a manifest that went only the pages
 * that nobody else has are looked at. 4 bytes per chunk, and 4 per page of each manifest.
 */
export interface References {
  /** The pages (ids) of each manifest that is counted, by its id. */
  readonly manifests: Map<string, readonly number[]>
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

export function references(): References {
  const manifests: References['manifests'] = new Map()
  const provisional: References['provisional'] = new Set()
  let counts = new Uint32Array(1024)
  return {
    manifests,
    provisional,
    has: id => (counts[id] ?? 0) > 0,
    add(id) {
      if (id >= counts.length) {
        const larger = new Uint32Array(Math.max(counts.length * 2, id + 1))
        larger.set(counts)
        counts = larger
      }
      const before = counts[id] ?? 0
      counts[id] = before + 1
      return before === 0
    },
    remove(id) {
      const before = counts[id] ?? 0
      if (before === 0) throw new Error(`chunk ${id} is not referred to and cannot be less so`)
      counts[id] = before - 1
      return before === 1
    },
    *values() {
      for (let id = 0; id < counts.length; id++) if ((counts[id] ?? 0) > 0) yield id
    },
    clear() {
      manifests.clear()
      provisional.clear()
      counts = new Uint32Array(1024)
    },
  }
}
