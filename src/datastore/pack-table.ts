/** The packs an index knows, by number: ids, sizes, and what may be done with what they hold. */

/**
 * usable: new backups may build on it. condemned: it can be read, but a collection may be about to remove it.
 * gone: it cannot be read.
 */
export type PackState = 'usable' | 'condemned' | 'gone'

export interface PackInfo {
  readonly id: string
  readonly bytes: number
  readonly state: PackState
}

export interface PackTable {
  count(): number
  /** The pack's number; a pack never heard of is entered as given. */
  numberOf(id: string, unlessKnown: Omit<PackInfo, 'id'>): number
  find(id: string): number | undefined
  /** Whether there is such a pack, and not one that is gone. */
  has(id: string): boolean
  at(number: number): PackInfo | undefined
  state(number: number): PackState
  set(number: number, change: Partial<Omit<PackInfo, 'id'>>): void
}

export function packTable(): PackTable {
  const numbers = new Map<string, number>()
  const packs: PackInfo[] = []
  return {
    count: () => packs.length,
    numberOf(id, unlessKnown) {
      const known = numbers.get(id)
      if (known !== undefined) return known
      numbers.set(id, packs.length)
      return packs.push({ id, ...unlessKnown }) - 1
    },
    find: id => numbers.get(id),
    has: id => (packs[numbers.get(id) ?? -1]?.state ?? 'gone') !== 'gone',
    at: number => packs[number],
    state: number => packs[number]?.state ?? 'gone',
    set(number, change) {
      const pack = packs[number]
      if (pack === undefined) return
      const { bytes = pack.bytes, state = pack.state } = change
      if (bytes !== pack.bytes || state !== pack.state) packs[number] = { ...pack, bytes, state }
    },
  }
}
