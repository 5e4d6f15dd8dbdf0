/**
 * A file that holds what does not fit into memory while the process lives: it loses its name as soon as it is open, so
 * that nothing is left of it however the process ends. Read and written without a pause for others: 4 KiB out of the
 * page cache take a few microseconds, less than going through the thread pool would.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode, systemFault } from '../ports/system-fault.ts'

export interface SpillFile {
  /** Fills `into` from `offset` on; what was never written reads as zeros. */
  read(into: Uint8Array, offset: number): void
  write(from: Uint8Array, offset: number): void
  close(): void
}

const PREFIX = 'spill-'

/** A new file in `folder`, made if missing. As its `read` and `write`: Fault `full` and so on. */
export function openSpillFile(folder: string): SpillFile {
  const path = join(folder, `${PREFIX}${crypto.randomUUID()}`)
  const at = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw systemFault(`what the memory does not hold cannot be kept in ${folder}`, error)
    }
  }
  const file = at(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return openSync(path, 'wx+', 0o600)
  })
  at(() => unlinkSync(path))
  return {
    read: (into, offset) =>
      at(() => {
        let done = 0
        for (let more = 1; more > 0 && done < into.length; done += more)
          more = readSync(file, into, done, into.length - done, offset + done)
        into.fill(0, done)
      }),
    write: (from, offset) =>
      at(() => {
        for (let done = 0; done < from.length; ) done += writeSync(file, from, done, from.length - done, offset + done)
      }),
    close: () => at(() => closeSync(file)),
  }
}

/** Removes what a process left that was killed between opening and unlinking. Harmless beside processes that live. */
export function sweepSpillFiles(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (name.startsWith(PREFIX)) unlinkSync(join(folder, name))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw systemFault(`${folder} cannot be swept`, error)
  }
}
