import { lstat, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../../ports/fault.ts'
import { systemCode } from '../../ports/system-fault.ts'

/** Makes the entries of a folder (new, renamed, removed ones) durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Answers a function that makes a folder, and those above it, within `root` (which exists). It resolves when their
 * entries are durable: also for a folder that somebody else has only just made, so each is synced once per process.
 */
export function durableFolders(root: string): (path: string) => Promise<void> {
  const made = new Map<string, Promise<void>>([[root, Promise.resolve()]])
  const make = (path: string): Promise<void> => {
    const known = made.get(path)
    if (known) return known
    const making = makeOne(path, make).catch((error: unknown) => {
      made.delete(path)
      throw error
    })
    made.set(path, making)
    return making
  }
  return make
}

async function makeOne(path: string, make: (path: string) => Promise<void>): Promise<void> {
  const parent = dirname(path)
  await make(parent)
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    if (!(await lstat(path)).isDirectory()) throw new Fault('conflict', `a folder is wanted where ${path} is none`)
  }
  await syncFolder(parent)
}
