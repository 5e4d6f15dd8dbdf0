import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredObject } from '../../ports/object-store.ts'
import { systemCode } from '../../ports/system-fault.ts'

const statsAtOnce = 64

/** The files under `root` as objects, in order of their keys. What goes while it is listed may be left out. */
export async function* listFiles(root: string, prefix: string): AsyncIterable<StoredObject> {
  const cut = prefix.lastIndexOf('/') + 1
  yield* walk(root, prefix.slice(0, cut), prefix.slice(cut))
}

async function* walk(root: string, folder: string, begins: string): AsyncIterable<StoredObject> {
  const entries = (await orGone(readdir(join(root, folder), { withFileTypes: true }))) ?? []
  const wanted = entries.filter(entry => isObjectName(entry.name) && entry.name.startsWith(begins)).sort(byKey)
  for (let at = 0; at < wanted.length; at += statsAtOnce) {
    const some = wanted.slice(at, at + statsAtOnce)
    const sizes = await Promise.all(some.map(entry => (entry.isFile() ? sizeOf(root, folder + entry.name) : undefined)))
    for (const [index, entry] of some.entries()) {
      const bytes = sizes[index]
      if (entry.isDirectory()) yield* walk(root, `${folder}${entry.name}/`, '')
      else if (bytes !== undefined) yield { key: folder + entry.name, bytes }
    }
  }
}

/** A folder `a` sorts as `a/`, behind a file `a.b`: that is the order of the keys within it. */
function byKey(one: Dirent, other: Dirent): number {
  return sortName(one) < sortName(other) ? -1 : 1
}

function sortName(entry: Dirent): string {
  return entry.isDirectory() ? `${entry.name}/` : entry.name
}

/** Others leave things too: `lost+found`, what an editor or a file server keeps beside a file. */
function isObjectName(name: string): boolean {
  return /^[a-z0-9._-]+$/.test(name)
}

async function sizeOf(root: string, key: string): Promise<number | undefined> {
  return (await orGone(lstat(join(root, key))))?.size
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
