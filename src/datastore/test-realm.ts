/** A datastore on a store in memory, with fixed keys, for tests. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Keyring } from '../ports/keyring.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Datastore } from './datastore.ts'
import { type MemoryDisk, memoryDisk, sameContent, targetOf } from './memory-disks.ts'
import { openDatastore } from './open.ts'

const derived = (of: string): Uint8Array => createHash('sha256').update(of).digest()

/** Keys that follow from the realm's name. */
export const fixedKeyring: Keyring = {
  async open(realm) {
    return { chunkNaming: derived(`naming ${realm}`), sealing: derived(`sealing ${realm}`) }
  },
  async retain() {
    // They are in no store.
  },
  async destroy() {
    // They come back at once.
  },
}

export function silentLog(): Log {
  const drop = () => undefined
  const log: Log = { debug: drop, info: drop, warn: drop, error: drop, child: () => log }
  return log
}

export function openOn(objectStore: ObjectStore, packBytes = 1 << 20, threads = 2): Datastore & AsyncDisposable {
  const now = () => new Date('2026-01-02T03:04:05.678Z')
  const datastore = openDatastore({ objectStore, keyring: fixedKeyring, log: silentLog(), packBytes, now, threads })
  return { ...datastore, [Symbol.asyncDispose]: () => datastore.close() }
}

export const at = (id: string) => ({ realm: 'r', id })

/** Nobody writes: a collection need not wait. */
export const noWriters = async (): Promise<void> => undefined

export function collectLeaving(datastore: Datastore, live: readonly string[]) {
  return datastore.collect({ realm: 'r', live: async () => live, writersDrained: noWriters })
}

/** Reads the backup back in every way there is, and compares. */
export async function assertHolds(datastore: Datastore, id: string, disk: MemoryDisk): Promise<void> {
  const { problems } = await datastore.verify(at(id), {})
  assert.deepEqual(problems, [])
  const restored = memoryDisk(disk.sizeBytes)
  await datastore.restore(at(id), targetOf(restored, true), {})
  assert.ok(sameContent(restored, disk), `${id} restores as something else`)
}

export async function keysUnder(store: ObjectStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

/** Bytes that look random and are the same at every run; `seed` 0 to 2^32-1. */
export function noise(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return Buffer.from(words.buffer, 0, length)
}
