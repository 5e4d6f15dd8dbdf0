import { Fault } from '../../ports/fault.ts'
import type { Now } from '../../ports/now.ts'
import type { ObjectStore, Retention } from '../../ports/object-store.ts'
import { checkKey, checkPrefix, checkRange, foldersOf } from './key.ts'

export interface MemoryStoreOptions {
  /** With a clock of its own the store can keep objects (object lock). */
  readonly clock?: Now
}

/** Objects in this process's memory: durable as long as it lives. For tests, and for trying things out. */
export function memoryObjectStore({ clock }: MemoryStoreOptions = {}): ObjectStore {
  const ends = new Map<string, number>()
  const objects = new Map<string, Buffer>()
  const folders = new Map<string, number>()

  const find = (key: string): Buffer => {
    checkKey(key)
    const object = objects.get(key)
    if (object === undefined) throw new Fault('missing', `there is no object ${key}`)
    return object
  }
  const keep = (key: string, parts: readonly Uint8Array[]): void => {
    const clash = folders.has(key) ? key : foldersOf(key).find(folder => objects.has(folder))
    if (clash !== undefined) throw new Fault('conflict', `${clash} would be an object and a folder (putting ${key})`)
    if (!objects.has(key)) for (const folder of foldersOf(key)) folders.set(folder, (folders.get(folder) ?? 0) + 1)
    objects.set(key, Buffer.concat(parts))
  }
  const drop = (key: string): void => {
    if (!objects.delete(key)) return
    for (const folder of foldersOf(key)) {
      const left = (folders.get(folder) ?? 1) - 1
      if (left > 0) folders.set(folder, left)
      else folders.delete(folder)
    }
  }
  const under = (prefix: string): readonly string[] => {
    checkPrefix(prefix)
    return [...objects.keys()].filter(key => key.startsWith(prefix)).sort()
  }

  const isKept = (key: string, now: Date): boolean => objects.has(key) && (ends.get(key) ?? 0) > now.getTime()
  const retentionOf = (now: Now): Retention => ({
    async keep(keys, until) {
      keys.forEach(find)
      for (const key of keys) ends.set(key, Math.max(ends.get(key) ?? 0, until))
    },
    kept: async keys => new Set(keys.filter(key => isKept(key, now()))),
  })

  return {
    async put(key, parts) {
      checkKey(key)
      keep(key, parts)
    },
    async putNew(key, parts) {
      checkKey(key)
      if (objects.has(key)) return false
      keep(key, parts)
      return true
    },
    async get(key) {
      return Buffer.from(find(key))
    },
    async getRange(key, offset, length) {
      checkRange(offset, length)
      const object = find(key)
      if (offset + length > object.length)
        throw new Fault('corrupt', `object ${key} has ${object.length} bytes, not the ${length} from ${offset}`)
      return Buffer.from(object.subarray(offset, offset + length))
    },
    async *list(prefix) {
      for (const key of under(prefix)) {
        const object = objects.get(key)
        if (object !== undefined) yield { key, bytes: object.length }
      }
    },
    async remove(keys) {
      keys.forEach(checkKey)
      for (const key of keys) {
        if (clock && isKept(key, clock())) throw new Fault('denied', `object ${key} is kept`)
        drop(key)
      }
    },
    ...(clock && { retention: retentionOf(clock) }),
    async usage(prefix) {
      return under(prefix).reduce((sum, key) => sum + (objects.get(key)?.length ?? 0), 0)
    },
    async sweepInterrupted() {
      // A put happens in one step here: nothing can be left half done.
    },
    async close() {
      // Nothing is open; the objects stay for who still holds the store.
    },
  }
}
