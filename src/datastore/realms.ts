/** The realms in use by this process: their keys, index and open pack, loaded once and kept while memory allows. */
import type { Keyring, RealmKeys } from '../ports/keyring.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { BlockPool } from './block-pool.ts'
import type { ChunkPrints } from './chunk-prints.ts'
import { objectKeys } from './object-keys.ts'
import type { PackBuffers } from './pack-buffers.ts'
import { type PackWriter, packWriter } from './pack-writer.ts'
import { type Mutex, mutex } from './permits.ts'
import { type IndexMemory, type RealmIndex, realmIndex } from './realm-index.ts'
import { type References, references } from './references.ts'
import type { RealmStore } from './store-view.ts'
import type { Threads } from './threads.ts'

export interface Realm extends RealmStore {
  readonly name: string
  readonly naming: Uint8Array
  readonly threads: Threads
  readonly blocks: BlockPool
  /** Undefined where nothing is to be remembered. */
  readonly prints: ChunkPrints | undefined
  readonly index: RealmIndex
  readonly writer: PackWriter
  /** What live manifests referred to at the last collection. */
  readonly references: References
  /** When each hold ends that a collection has met, by its key: holds never change. */
  readonly holdEnds: Map<string, number>
  /** One collection at a time. */
  readonly collecting: Mutex
}

export interface RealmHouse {
  readonly objectStore: ObjectStore
  readonly keyring: Keyring
  readonly log: Log
  readonly threads: Threads
  readonly blocks: BlockPool
  readonly prints: ChunkPrints | undefined
  readonly buffers: PackBuffers
  readonly packBytes: number
  /** Of the indexes of all realms together. */
  readonly memory: IndexMemory
}

export interface Realms {
  /** Runs `work` with the realm, its index loaded. */
  use<T>(name: string, work: (realm: Realm) => Promise<T>): Promise<T>
  /** As `use`, counted as a write: when the last one ends, what it promised is stored and indexed as far as possible. */
  write<T>(name: string, work: (realm: Realm) => Promise<T>): Promise<T>
}

/** Chunks that idle realms may keep indexed. Beside what lies in the pool of pages they take a byte each, for their packs. */
const MOST_IDLE_CHUNKS = 100_000_000

interface Loaded {
  readonly realm: Realm
  readonly keys: RealmKeys
  readonly ready: Promise<void>
  users: number
  writers: number
}

export function openRealms(house: RealmHouse): Realms {
  const loaded = new Map<string, Loaded>()

  const enter = async (name: string): Promise<Loaded> => {
    const keys = await house.keyring.open(name)
    const known = loaded.get(name)
    const entry = known && sameKeys(known.keys, keys) ? known : load(house, name, keys)
    loaded.delete(name) // the map's order is that of last use
    loaded.set(name, entry)
    entry.users += 1
    try {
      await entry.ready
    } catch (error) {
      if (loaded.get(name) === entry) loaded.delete(name)
      throw error
    }
    return entry
  }
  const leave = (entry: Loaded): void => {
    entry.users -= 1
    const idle = [...loaded].filter(([, { users }]) => users === 0)
    let chunks = idle.reduce((sum, [, { realm }]) => sum + realm.index.chunks.count(), 0)
    for (const [name, { realm }] of idle) {
      if (chunks <= MOST_IDLE_CHUNKS) break
      loaded.delete(name)
      chunks -= realm.index.chunks.count()
    }
  }
  const use: Realms['use'] = async (name, work) => {
    const entry = await enter(name)
    try {
      return await work(entry.realm)
    } finally {
      await noteDamage(entry.realm)
      leave(entry)
    }
  }

  return {
    use,
    async write(name, work) {
      const entry = await enter(name)
      entry.writers += 1
      try {
        return await work(entry.realm)
      } finally {
        entry.writers -= 1
        if (entry.writers === 0) await tidy(entry.realm)
        await noteDamage(entry.realm)
        leave(entry)
      }
    },
  }
}

function load(house: RealmHouse, name: string, keys: RealmKeys): Loaded {
  const objects: RealmStore = {
    objectStore: house.objectStore,
    keys: objectKeys(name),
    sealing: keys.sealing,
    log: house.log.child({ realm: name }),
  }
  const index = realmIndex(objects, house.memory)
  const writer = packWriter({
    sealing: keys.sealing,
    packBytes: house.packBytes,
    buffers: house.buffers,
    async put(pack) {
      await house.objectStore.put(objects.keys.pack(pack.id), pack.parts)
      index.add(pack)
    },
  })
  const realm: Realm = {
    ...objects,
    name,
    naming: keys.chunkNaming,
    threads: house.threads,
    blocks: house.blocks,
    prints: house.prints,
    index,
    writer,
    references: references(house.memory.pool),
    holdEnds: new Map(),
    collecting: mutex(),
  }
  return { realm, keys, ready: index.refresh(), users: 0, writers: 0 }
}

const sameKeys = (a: RealmKeys, b: RealmKeys): boolean =>
  Buffer.from(a.sealing).equals(b.sealing) && Buffer.from(a.chunkNaming).equals(b.chunkNaming)

/** Nothing depends on it: what it fails to do is garbage, or found again through the packs' tables. */
async function tidy(realm: Realm): Promise<void> {
  await realm.writer.settle()
  if (realm.index.uncommitted() === 0) return
  try {
    await realm.index.commit()
  } catch (error) {
    realm.log.warn({ err: error }, 'chunks of a failed backup are stored but not indexed')
  }
}

/** Whatever read it: what is not written down now will be at the next chance, or found again. */
async function noteDamage(realm: Realm): Promise<void> {
  try {
    await realm.index.damage.write()
  } catch (error) {
    realm.log.warn({ err: error }, 'chunks that were found damaged could not be noted')
  }
}
