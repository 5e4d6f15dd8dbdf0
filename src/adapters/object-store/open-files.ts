import { type FileHandle, open } from 'node:fs/promises'

/** An open file and its size, which does not change: objects never do. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly bytes: number
}

/** Files kept open between reads of their parts, the least recently used one closed first. */
export interface OpenFiles {
  /** Runs `work` on the file, which stays open until it ends, whatever else happens here. */
  use<T>(path: string, work: (file: OpenFile) => Promise<T>): Promise<T>
  /** The next `use` opens anew. Resolves when the old file is closed, or is left to its last user. */
  forget(path: string): Promise<void>
  close(): Promise<void>
}

interface Entry {
  readonly opening: Promise<OpenFile>
  users: number
  dropped: boolean
}

/** At most `most` files stay open, not counting those in use. */
export function openFiles(most: number): OpenFiles {
  const entries = new Map<string, Entry>()

  const drop = async (path: string, entry: Entry): Promise<void> => {
    if (entries.get(path) === entry) entries.delete(path)
    if (entry.dropped) return
    entry.dropped = true
    if (entry.users === 0) await (await entry.opening).handle.close()
  }
  const enter = (path: string): Entry => {
    const entry = entries.get(path) ?? { opening: openOne(path), users: 0, dropped: false }
    entries.delete(path)
    entries.set(path, entry)
    entry.users += 1
    return entry
  }
  const leave = async (entry: Entry): Promise<void> => {
    entry.users -= 1
    if (entry.dropped && entry.users === 0) await (await entry.opening).handle.close()
    const oldest = entries.size > most ? entries.entries().find(([, other]) => other.users === 0) : undefined
    if (oldest) await drop(...oldest)
  }

  return {
    async use(path, work) {
      const entry = enter(path)
      const file = await entry.opening.catch((error: unknown) => {
        if (entries.get(path) === entry) entries.delete(path)
        throw error
      })
      try {
        return await work(file)
      } finally {
        await leave(entry)
      }
    },
    async forget(path) {
      const entry = entries.get(path)
      if (entry) await drop(path, entry)
    },
    async close() {
      await Promise.all([...entries].map(([path, entry]) => drop(path, entry)))
    },
  }
}

async function openOne(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r')
  try {
    return { handle, bytes: (await handle.stat()).size }
  } catch (error) {
    await handle.close()
    throw error
  }
}
