/**
 * The slots of a chunk index: which ids a name may have, found by its first word (its *tag*; names are random bits, so
 * that is a hash). Two words each, the tag and the id plus 1, so that a name that is not there costs one page, and the
 * whole can be made larger, or take in any number of sorted newcomers, from its first page to its last.
 */
import { PAGE_WORDS, type PagedWords, type PagePool } from './pages.ts'

const SLOTS_PER_PAGE = PAGE_WORDS / 2
const MOST_LOAD = 0.75
const GROWTH = 1.5

export interface NameSlots {
  /** The first id entered under the tag for which `fits` holds; -1 when there is none. */
  find(tag: number, fits: (id: number) => boolean): number
  /** Needs room made before. */
  enter(tag: number, id: number): void
  /** Makes room for so many ids in all; nothing has changed when it throws. */
  makeRoom(count: number): void
}

interface Table {
  readonly words: PagedWords
  readonly pages: number
}

export function nameSlots(pool: PagePool): NameSlots {
  let table: Table = { words: pool.words(), pages: 8 }
  return {
    find: (tag, fits) => find(table, tag, fits),
    enter: (tag, id) => enter(table, tag, id),
    makeRoom(count) {
      if (count <= table.pages * SLOTS_PER_PAGE * MOST_LOAD) return
      const needed = Math.ceil(count / (SLOTS_PER_PAGE * MOST_LOAD))
      const old = table
      table = grown(pool, old, Math.max(needed, Math.ceil(old.pages * GROWTH)))
      old.words.free()
    },
  }
}

/** Pages by the tag's high bits, and within one by its low bits: a larger table has the same order. */
const homeOf = ({ pages }: Table, tag: number): number =>
  Math.floor((tag * pages) / 2 ** 32) * SLOTS_PER_PAGE + (tag & (SLOTS_PER_PAGE - 1))

const after = ({ pages }: Table, slot: number): number => (slot + 1 === pages * SLOTS_PER_PAGE ? 0 : slot + 1)

function find(table: Table, tag: number, fits: (id: number) => boolean): number {
  for (let slot = homeOf(table, tag); ; slot = after(table, slot)) {
    // Each time anew: what `fits` looks at may push the page out.
    const words = table.words.read(Math.floor(slot / SLOTS_PER_PAGE))
    const at = (slot % SLOTS_PER_PAGE) * 2
    const entry = words[at + 1] ?? 0
    if (entry === 0) return -1
    if (words[at] === tag && fits(entry - 1)) return entry - 1
  }
}

function enter(table: Table, tag: number, id: number): void {
  for (let slot = homeOf(table, tag); ; slot = after(table, slot)) {
    const page = Math.floor(slot / SLOTS_PER_PAGE)
    const at = (slot % SLOTS_PER_PAGE) * 2
    if (table.words.read(page)[at + 1] !== 0) continue
    const words = table.words.write(page)
    words[at] = tag
    words[at + 1] = id + 1
    return
  }
}

function grown(pool: PagePool, old: Table, pages: number): Table {
  const table: Table = { words: pool.words(), pages }
  const held = new Uint32Array(PAGE_WORDS)
  try {
    for (let page = 0; page < old.pages; page++) {
      held.set(old.words.read(page))
      for (let at = 0; at < PAGE_WORDS; at += 2) {
        const entry = held[at + 1] ?? 0
        if (entry !== 0) enter(table, held[at] ?? 0, entry - 1)
      }
    }
    return table
  } catch (error) {
    table.words.free()
    throw error
  }
}
