/**
 * Which chunks a realm has and where each lies: a row of 32 bytes per chunk, and 11 to 16 of slots, in a pool of pages
 * (pages.ts) that bounds the memory. A row's number (the chunk's *id*) stays valid as long as the index lives, so that
 * sets of chunks are sets of bits. Ids are given in the order in which chunks appear, and chunks tend to be asked for in
 * that order again: the row after the last one found is looked at before the slots are. Only the main thread touches it:
 * workers hash and seal, and one lookup per 256 KiB is nothing.
 */
import { type ChunkPlace, lengthWord, placeFrom, ROW_WORDS, sealedLengthIn, shapeWord } from './chunk-row.ts'
import { nameSlots } from './name-slots.ts'
import { PAGE_WORDS, type PagePool } from './pages.ts'

export const NO_PACK = 0xffffffff
const ROWS_PER_PAGE = PAGE_WORDS / ROW_WORDS

/** Everything throws a Fault when the pool needs room for it and gets none; what was known before is still known then. */
export interface ChunkIndex {
  /** Ids given so far: all below this number. A few may stand for nothing: they have no place. */
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
  /**
   * Enters a chunk without looking whether it is known, which for very many of them is many times faster than one after
   * the other; it can be found after the next `settle`.
   */
  enterLater(names: DataView, at: number, place: ChunkPlace): void
  /** Bytes that those take that wait for `settle`. */
  waitingBytes(): number
  /** Calls `again` for what was entered later and is known already, with its id. To be repeated when it throws. */
  settle(again: (id: number, place: ChunkPlace) => void): void
}

interface Parts {
  readonly rows: ReturnType<PagePool['words']>
  readonly slots: ReturnType<typeof nameSlots>
  count: number
  /** Of the last chunk found. */
  last: number
  /** Tag and id of what waits: sorted by tag as one number. */
  waiting: BigUint64Array
  waits: number
}

export function chunkIndex(pool: PagePool): ChunkIndex {
  const index: Parts = {
    rows: pool.words(),
    slots: nameSlots(pool),
    count: 0,
    last: -1,
    waiting: new BigUint64Array(0),
    waits: 0,
  }
  const word = (id: number, at: number): number =>
    index.rows.read(Math.floor(id / ROWS_PER_PAGE))[(id % ROWS_PER_PAGE) * ROW_WORDS + at] ?? 0
  return {
    count: () => index.count,
    find: (names, at) => find(index, names, at),
    idOf(names, at) {
      const known = find(index, names, at)
      if (known >= 0) return known
      index.slots.makeRoom(index.count + 1)
      const id = index.count
      writeRow(index, id, { names, at })
      index.slots.enter(names.getUint32(at), id)
      index.count += 1
      index.last = id
      return id
    },
    packOf: id => (id < index.count ? word(id, 4) : NO_PACK),
    sealedLength: id => (word(id, 4) === NO_PACK ? 0 : sealedLengthIn(word(id, 6))),
    place: id => placeAt(index, id),
    setPlace: (id, place) => setPlace(index, id, place),
    nameOf(id) {
      const name = Buffer.alloc(16)
      for (let at = 0; at < 4; at++) name.writeUInt32BE(word(id, at), at * 4)
      return name
    },
    enterLater(names, at, place) {
      if (index.waits === index.waiting.length) {
        const larger = new BigUint64Array(Math.max(1024, index.waiting.length * 2))
        larger.set(index.waiting)
        index.waiting = larger
      }
      writeRow(index, index.count, { names, at })
      setPlace(index, index.count, place)
      index.waiting[index.waits++] = (BigInt(names.getUint32(at)) << 32n) | BigInt(index.count++)
    },
    waitingBytes: () => index.waiting.byteLength,
    settle: again => settle(index, again),
  }
}

/** Names as `idOf` and `find` take them. */
export const viewOf = (names: Uint8Array): DataView => new DataView(names.buffer, names.byteOffset, names.length)

interface NameAt {
  readonly names: DataView
  readonly at: number
}

function rowFits({ rows }: Parts, id: number, { names, at }: NameAt): boolean {
  const words = rows.read(Math.floor(id / ROWS_PER_PAGE))
  const row = (id % ROWS_PER_PAGE) * ROW_WORDS
  for (let part = 0; part < 4; part++) if (words[row + part] !== names.getUint32(at + part * 4)) return false
  return true
}

function find(index: Parts, names: DataView, at: number): number {
  const name = { names, at }
  const next = index.last + 1
  // What waits has a row and may turn out to be known under another id.
  if (index.waits === 0 && next < index.count && rowFits(index, next, name)) {
    index.last = next
    return next
  }
  const id = index.slots.find(names.getUint32(at), known => rowFits(index, known, name))
  if (id >= 0) index.last = id
  return id
}

function writeRow({ rows }: Parts, id: number, { names, at }: NameAt): void {
  const words = rows.write(Math.floor(id / ROWS_PER_PAGE))
  const row = (id % ROWS_PER_PAGE) * ROW_WORDS
  for (let part = 0; part < 4; part++) words[row + part] = names.getUint32(at + part * 4)
  words[row + 4] = NO_PACK
}

function placeAt({ rows }: Parts, id: number): ChunkPlace | undefined {
  const words = rows.read(Math.floor(id / ROWS_PER_PAGE))
  const row = (id % ROWS_PER_PAGE) * ROW_WORDS
  const [pack = NO_PACK, offset = 0, lengths = 0, shape = 0] = words.subarray(row + 4, row + ROW_WORDS)
  return pack === NO_PACK ? undefined : placeFrom(pack, offset, lengths, shape)
}

function setPlace({ rows }: Parts, id: number, place: ChunkPlace): void {
  const words = rows.write(Math.floor(id / ROWS_PER_PAGE))
  const row = (id % ROWS_PER_PAGE) * ROW_WORDS
  words[row + 4] = place.pack
  words[row + 5] = place.offset
  words[row + 6] = lengthWord(place)
  words[row + 7] = shapeWord(place)
}

/** In the order of the slots, so that each page of these is met once, and of the rows hardly any. */
function settle(index: Parts, again: (id: number, place: ChunkPlace) => void): void {
  if (index.waits === 0) return
  const waiting = index.waiting.subarray(0, index.waits).sort()
  let done = 0
  try {
    index.slots.makeRoom(index.count)
    for (const pair of waiting) {
      settleOne(index, { tag: Number(pair >> 32n), id: Number(pair & 0xffffffffn) }, again)
      done += 1
    }
  } finally {
    index.waiting = waiting.slice(done)
    index.waits = index.waiting.length
  }
}

function settleOne(
  index: Parts,
  { tag, id }: { readonly tag: number; readonly id: number },
  again: (id: number, place: ChunkPlace) => void,
): void {
  const known = index.slots.find(tag, other => sameName(index, other, id))
  if (known < 0) {
    index.slots.enter(tag, id)
    return
  }
  const place = placeAt(index, id)
  if (place) again(known, place)
  const words = index.rows.write(Math.floor(id / ROWS_PER_PAGE))
  const row = (id % ROWS_PER_PAGE) * ROW_WORDS
  words.fill(0, row, row + ROW_WORDS)
  words[row + 4] = NO_PACK
}

function sameName({ rows }: Parts, one: number, other: number): boolean {
  const name = nameWords(rows, one)
  return nameWords(rows, other).every((word, at) => word === name[at])
}

/** A copy: the next page may push this one out. */
const nameWords = (rows: Parts['rows'], id: number): Uint32Array => {
  const row = (id % ROWS_PER_PAGE) * ROW_WORDS
  return rows.read(Math.floor(id / ROWS_PER_PAGE)).slice(row, row + 4)
}
