/** A datastore on a store in memory, with fixed keys, for tests. */
import { createHash } from 'node:crypto'
import type { Keyring } from '../ports/keyring.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Datastore } from './datastore.ts'
import { openDatastore } from './open.ts'

const derived = (of: string): Uint8Array => createHash('sha256').update(of).digest()

/** Keys that follow from the realm's name. */
export const fixedKeyring: Keyring = {
  async open(realm) {
    return { chunkNaming: derived(`naming ${realm}`), sealing: derived(`sealing ${realm}`) }
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

export function openOn(objectStore: ObjectStore, packBytes = 1 << 20): Datastore {
  const now = () => new Date('2026-01-02T03:04:05.678Z')
  return openDatastore({ objectStore, keyring: fixedKeyring, log: silentLog(), packBytes, now })
}

/** Bytes that look random and are the same at every run; `seed` 0 to 2^32-1. */
export function noise(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return Buffer.from(words.buffer, 0, length)
}
