/** A set of the small numbers that chunks have in an index: one bit each, whatever the disk's size. */
export interface IdSet {
  has(id: number): boolean
  /** Whether it was new. */
  add(id: number): boolean
  values(): IterableIterator<number>
}

export function idSet(): IdSet {
  let words = new Uint32Array(1024)
  return {
    has: id => (((words[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1,
    add(id) {
      if (id >>> 5 >= words.length) {
        const larger = new Uint32Array(Math.max(words.length * 2, (id >>> 5) + 1))
        larger.set(words)
        words = larger
      }
      const word = words[id >>> 5] ?? 0
      const bit = 1 << (id & 31)
      words[id >>> 5] = word | bit
      return (word & bit) === 0
    },
    *values() {
      for (let at = 0; at < words.length; at++) {
        for (let word = words[at] ?? 0; word !== 0; word &= word - 1) yield at * 32 + 31 - Math.clz32(word & -word)
      }
    },
  }
}
