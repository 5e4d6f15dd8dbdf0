/** A seeded generator (mulberry32), so that a failing run can be had again from the seed it printed. */
export interface Random {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  pick<T>(items: readonly T[]): T | undefined
  bytes(length: number): Buffer
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (bound: number) => next() % bound
  return {
    below,
    pick: items => items[below(items.length)],
    bytes: length => Buffer.from(Uint32Array.from({ length: Math.ceil(length / 4) }, next).buffer).subarray(0, length),
  }
}
