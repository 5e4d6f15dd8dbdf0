/**
 * Whether a target holds what was written to it: all of it is read again, every 64 MiB, beside what is being written next.
 * One block in sixteen, picked at random, is read after the target was flushed, so that one which lets go of what it has
 * flushed answers from where it lasts; the others before, out of memory: a disk that reads at 700 MiB/s would take longer
 * over all of them than the whole restore does. What was read is compared by fingerprints, all of it at the end.
 */
import type { DiskWriter } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'
import { BLOCK_BYTES } from './block-pool.ts'
import { fingerprints } from './fingerprints.ts'

const WINDOW_BYTES = 64 * 2 ** 20
/** Of the blocks in a window, those that are read after the flush. */
const FROM_THE_DISK = 1 / 16
/** Reads at one time. Their buffers are their own: those of the process may all hold what is waiting to be written. */
const READERS = 2

export interface ReadBack {
  /** To be told of each write, a block at most, when it is done. Waits for the window before; rejects when that failed. */
  wrote(offset: number, content: Uint8Array): Promise<void>
  /** Reads back what is left, and flushes. Fault `corrupt` when not all that was read is what was written. */
  finish(): Promise<void>
  /** Resolves when nothing is under way any more, whatever became of it. */
  settled(): Promise<void>
}

interface Written {
  readonly offset: number
  readonly length: number
}

function pickedFrom(written: readonly Written[]): ReadonlySet<Written> {
  const picked = new Set<Written>()
  while (picked.size < written.length * FROM_THE_DISK) {
    const block = written[Math.floor(Math.random() * written.length)]
    if (block) picked.add(block)
  }
  return picked
}

export function readBack(target: DiskWriter, sizeBytes: number, signal: AbortSignal | undefined): ReadBack {
  const prints = fingerprints(sizeBytes)
  const buffers = Array.from({ length: READERS }, () => new Uint8Array(BLOCK_BYTES))
  let window: Written[] = []
  let windowBytes = 0
  let running = Promise.resolve()

  const check = async (written: readonly Written[]): Promise<void> => {
    const late = pickedFrom(written)
    await readAll(written.filter(block => !late.has(block)))
    await target.flush()
    await readAll([...late])
  }
  const readAll = async (blocks: readonly Written[]): Promise<void> => {
    const left = blocks.values()
    const read = async (buffer: Uint8Array): Promise<void> => {
      for (const { offset, length } of left) {
        signal?.throwIfAborted()
        const content = buffer.subarray(0, length)
        await target.read(content, offset)
        prints.toggle(offset, content)
      }
    }
    const reads = await Promise.allSettled(buffers.map(read))
    for (const one of reads) if (one.status === 'rejected') throw one.reason
  }
  const next = async (): Promise<void> => {
    await running
    running = check(window)
    running.catch(() => undefined) // told to the next who waits for it
    window = []
    windowBytes = 0
  }

  return {
    async wrote(offset, content) {
      prints.toggle(offset, content)
      window.push({ offset, length: content.length })
      windowBytes += content.length
      if (windowBytes >= WINDOW_BYTES) await next()
    },
    async finish() {
      await next()
      await running
      const different = prints.firstDifference()
      if (different !== undefined)
        throw new Fault(
          'corrupt',
          `the target does not hold what was written to it in the 256 MiB from byte ${different}`,
        )
    },
    async settled() {
      await running.catch(() => undefined)
    },
  }
}
