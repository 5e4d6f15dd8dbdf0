/**
 * Which chunks a realm has and where each lies, in memory: 32 bytes per chunk plus 6 to 11 of hash slots, some 150 MiB
 * per TiB of distinct data. Rows are appended in blocks that never move; a row's number (the chunk's *id*) stays valid as
 * long as the index lives, so that sets of chunks are sets of bits. Only the main thread touches it: workers hash and
 * seal, and one lookup per 256 KiB is nothing.
 */
import { type ChunkPlace, lengthWord, placeFrom, ROW_WORDS, sealedLengthIn, shapeWord } from './chunk-row.ts'

export const NO_PACK = 0xffffffff
const ROWS_PER_BLOCK = 1 << 14

export interface ChunkIndex {
  /** Ids given so far: all below this number. */
  count(): number
  /** The id of the name (16 bytes) at `at`, given now if it has none. */
  idOf(names: DataView, at: number): number
  /** As `idOf`, but -1 for a name never seen. */
  find(names: DataView, at: number): number
  /** Number of the pack it lies in; NO_PACK when it lies nowhere yet. */
  packOf(id: number): number
  sealedLength(id: number): number
  place(id: number): ChunkPlace | undefined
  setPlace(id: number, place: ChunkPlace): void
  nameOf(id: number): Buffer
}

export function chunkIndex(): ChunkIndex {
  const blocks: Uint32Array[] = []
  let count = 0
  let slots = new Uint32Array(1 << 12)

  const word = (id: number, at: number): number =>
    blocks[Math.trunc(id / ROWS_PER_BLOCK)]?.[(id % ROWS_PER_BLOCK) * ROW_WORDS + at] ?? 0

  const put = (id: number, at: number, values: readonly number[]): void => {
    blocks[Math.trunc(id / ROWS_PER_BLOCK)]?.set(values, (id % ROWS_PER_BLOCK) * ROW_WORDS + at)
  }

  /** The slot of the name, or the free one where it belongs. Names are random bits: the first word is the hash. */
  const slotOf = (w0: number, w1: number, w2: number, w3: number): number => {
    const mask = slots.length - 1
    for (let slot = w0 & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot] ?? 0
      if (entry === 0) return slot
      const id = entry - 1
      if (word(id, 0) === w0 && word(id, 1) === w1 && word(id, 2) === w2 && word(id, 3) === w3) return slot
    }
  }

  const growSlots = (): void => {
    slots = new Uint32Array(slots.length * 2)
    const mask = slots.length - 1
    for (let id = 0; id < count; id++) {
      let slot = word(id, 0) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id + 1
    }
  }

  const slotAt = (names: DataView, at: number): number =>
    slotOf(names.getUint32(at), names.getUint32(at + 4), names.getUint32(at + 8), names.getUint32(at + 12))

  return {
    count: () => count,
    find: (names, at) => (slots[slotAt(names, at)] ?? 0) - 1,
    idOf(names, at) {
      const slot = slotAt(names, at)
      const known = slots[slot] ?? 0
      if (known !== 0) return known - 1
      const id = count++
      if (id % ROWS_PER_BLOCK === 0) blocks.push(new Uint32Array(ROWS_PER_BLOCK * ROW_WORDS))
      const name = [0, 4, 8, 12].map(byte => names.getUint32(at + byte))
      put(id, 0, [...name, NO_PACK])
      slots[slot] = count
      if (count > slots.length * 0.7) growSlots()
      return id
    },
    packOf: id => word(id, 4),
    sealedLength: id => (word(id, 4) === NO_PACK ? 0 : sealedLengthIn(word(id, 6))),
    place: id => (word(id, 4) === NO_PACK ? undefined : placeFrom(word(id, 4), word(id, 5), word(id, 6), word(id, 7))),
    setPlace: (id, place) => put(id, 4, [place.pack, place.offset, lengthWord(place), shapeWord(place)]),
    nameOf(id) {
      const name = Buffer.alloc(16)
      for (let at = 0; at < 4; at++) name.writeUInt32BE(word(id, at), at * 4)
      return name
    },
  }
}
