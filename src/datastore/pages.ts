/**
 * Words by the page, as many as it takes, in bounded memory: pages lie in a pool of frames that all who use it share, and
 * once the pool has as many as it may have, a page that was not used for a while goes into a file until it is wanted
 * again. Up to that bound there is no file, and nothing is slower than an array. All of it is a cache of what the store
 * says: nothing is synced, and nothing outlives the process.
 */
import type { SpillFile } from './spill-file.ts'

export const PAGE_WORDS = 1024
const PAGE_BYTES = PAGE_WORDS * 4
const FRAMES_PER_SLAB = 256

/** Whatever reads or writes a page may have to make room first, and throws a Fault (`full`) when that cannot be done. */
export interface PagedWords {
  /** The page's words, zeros at first: to be looked at before the pool is asked for anything else. */
  read(page: number): Uint32Array
  /** As `read`, and what is put into them now will be kept. */
  write(page: number): Uint32Array
  /** Gives everything back; they are not used again. Whoever just forgets them gives it back some time later. */
  free(): void
}

export interface PagePool {
  words(): PagedWords
  /** Bytes in memory and in files. */
  usage(): { readonly memory: number; readonly files: number }
  /** Closes the files. */
  close(): void
}

export interface PagePoolOptions {
  /** Of memory; at least as much as a page takes is used. */
  readonly mostBytes: number
  readonly open: () => SpillFile
}

interface Frame {
  readonly words: Uint32Array
  owner: Pages | undefined
  page: number
  used: boolean
  changed: boolean
}

/** What the pool knows of somebody's words. It does not refer to their owner, so that an owner can be forgotten. */
interface Pages {
  readonly frames: (Frame | undefined)[]
  file: SpillFile | undefined
  fileBytes: number
}

interface Pool {
  readonly most: number
  readonly open: () => SpillFile
  readonly frames: Frame[]
  /** Those that hold nobody's page. */
  readonly spare: Frame[]
  readonly all: Set<Pages>
  slab: ArrayBuffer
  hand: number
}

export function pagePool({ mostBytes, open }: PagePoolOptions): PagePool {
  const most = Math.max(1, Math.floor(mostBytes / PAGE_BYTES))
  const pool: Pool = { most, open, frames: [], spare: [], all: new Set(), slab: new ArrayBuffer(0), hand: 0 }
  const forgotten = new FinalizationRegistry<Pages>(pages => free(pool, pages))
  return {
    words() {
      const pages: Pages = { frames: [], file: undefined, fileBytes: 0 }
      pool.all.add(pages)
      const words: PagedWords = {
        read(page) {
          const frame = pages.frames[page] ?? bringIn(pool, pages, page)
          frame.used = true
          return frame.words
        },
        write(page) {
          const frame = pages.frames[page] ?? bringIn(pool, pages, page)
          frame.used = true
          frame.changed = true
          return frame.words
        },
        free: () => free(pool, pages),
      }
      forgotten.register(words, pages)
      return words
    },
    usage: () => ({
      memory: pool.frames.length * PAGE_BYTES,
      files: [...pool.all].reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    }),
    close() {
      for (const pages of pool.all) free(pool, pages)
    },
  }
}

function bringIn(pool: Pool, owner: Pages, page: number): Frame {
  const frame = pool.spare.pop() ?? (pool.frames.length < pool.most ? newFrame(pool) : vacated(pool))
  try {
    const at = page * PAGE_BYTES
    if (owner.file && at < owner.fileBytes) owner.file.read(bytesOf(frame), at)
    else frame.words.fill(0)
  } catch (error) {
    pool.spare.push(frame)
    throw error
  }
  frame.owner = owner
  frame.page = page
  while (owner.frames.length <= page) owner.frames.push(undefined)
  owner.frames[page] = frame
  return frame
}

function newFrame(pool: Pool): Frame {
  const { frames, most } = pool
  const at = (frames.length % FRAMES_PER_SLAB) * PAGE_BYTES
  if (at === 0) pool.slab = new ArrayBuffer(Math.min(FRAMES_PER_SLAB, most - frames.length) * PAGE_BYTES)
  const words = new Uint32Array(pool.slab, at, PAGE_WORDS)
  const frame: Frame = { words, owner: undefined, page: 0, used: false, changed: false }
  frames.push(frame)
  return frame
}

/** The next frame that was not used since the hand came by last; its page is put aside. */
function vacated(pool: Pool): Frame {
  for (;;) {
    const frame = pool.frames[pool.hand] as Frame
    pool.hand = (pool.hand + 1) % pool.frames.length
    const { owner, used } = frame
    frame.used = false
    if (used || owner === undefined) continue
    if (frame.changed) putAside(pool, owner, frame)
    owner.frames[frame.page] = undefined
    frame.owner = undefined
    return frame
  }
}

function putAside({ open }: Pool, owner: Pages, frame: Frame): void {
  owner.file ??= open()
  owner.file.write(bytesOf(frame), frame.page * PAGE_BYTES)
  owner.fileBytes = Math.max(owner.fileBytes, (frame.page + 1) * PAGE_BYTES)
  frame.changed = false
}

function free({ spare, all }: Pool, pages: Pages): void {
  for (const frame of pages.frames) {
    if (frame === undefined) continue
    frame.owner = undefined
    frame.used = false
    frame.changed = false
    spare.push(frame)
  }
  pages.frames.length = 0
  pages.file?.close()
  pages.file = undefined
  all.delete(pages)
}

const bytesOf = ({ words }: Frame): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, PAGE_BYTES)
