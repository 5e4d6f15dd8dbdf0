/**
 * A disk file that is written in order, without filling the machine's memory with it: every 32 MiB the system is told to
 * write out what it has, beside what is being written next, and then to let go of it. So the same few pages of memory
 * serve for any disk, the last flush is a short one, and what is read back comes from the disk itself. (On a virtual
 * machine, whose unused memory its host has taken back, each page more costs as much as compressing it: without this,
 * 3 GiB took 13 s instead of 2.)
 */
import type { FileHandle } from 'node:fs/promises'
import type { CLibrary } from './c-library.ts'

const WINDOW_BYTES = 32 * 1024 * 1024

export interface WriteBehind {
  /** To be told of all that is written. Rejects when an earlier part could not be written out. */
  wrote(bytes: number): Promise<void>
  /** To be told of all that is read back. */
  read(bytes: number): void
  /** All that was written is durable. Rejects, now and ever after, when a part of it could not be written out. */
  flush(): Promise<void>
}

export function writeBehind(handle: Pick<FileHandle, 'fd' | 'datasync'>, c: CLibrary | undefined): WriteBehind {
  let written = 0
  let readBack = 0
  let writingOut = Promise.resolve()

  const writeOut = (): Promise<void> => {
    const before = writingOut
    const now = async () => {
      // The system tells of a lost write once: whoever flushes after it has to hear of it too.
      await before
      await handle.datasync()
      c?.forget(handle.fd)
    }
    writingOut = now()
    writingOut.catch(() => undefined) // told to the next who waits for it
    return before
  }

  return {
    async wrote(bytes) {
      written += bytes
      if (c === undefined || written < WINDOW_BYTES) return
      written = 0
      await writeOut()
    },
    read(bytes) {
      readBack += bytes
      if (readBack < WINDOW_BYTES) return
      readBack = 0
      c?.forget(handle.fd)
    },
    async flush() {
      await writeOut()
      await writingOut
    },
  }
}
