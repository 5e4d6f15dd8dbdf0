/** The datastore, put together. */
import { tmpdir } from 'node:os'
import type { Keyring } from '../ports/keyring.ts'
import type { Log } from '../ports/log.ts'
import type { Now } from '../ports/now.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { blockPool, SEALED_BLOCK_BYTES } from './block-pool.ts'
import { checkRealm } from './check-realm.ts'
import { chunkPrints } from './chunk-prints.ts'
import type { Datastore } from './datastore.ts'
import { collectGarbage } from './garbage.ts'
import { heldAlone } from './held-alone.ts'
import { checkNotHeld } from './held-manifests.ts'
import { holdManifest, removeManifest } from './hold-manifest.ts'
import { findManifest, readManifest } from './manifest-store.ts'
import { realmsIn } from './object-keys.ts'
import { outgoingBackup } from './outgoing-backup.ts'
import { packBuffers } from './pack-buffers.ts'
import { pagePool } from './pages.ts'
import { backupReader } from './read-backup.ts'
import type { IndexMemory } from './realm-index.ts'
import { openRealms } from './realms.ts'
import { missingChunks, putIncoming, rememberedUploads, storeIncoming } from './receive-backup.ts'
import { repairRealm } from './repair-realm.ts'
import { restoreBackup } from './restore-backup.ts'
import { openSpillFile, sweepSpillFiles } from './spill-file.ts'
import { workerThreads } from './threads.ts'
import { verifyBackup } from './verify-backup.ts'
import { writeBackup } from './write-backup.ts'

export interface DatastoreOptions {
  readonly objectStore: ObjectStore
  readonly keyring: Keyring
  readonly log: Log
  /** Dates manifests; the machine's clock by default. */
  readonly now?: Now
  /** Worker threads; 2 by default. */
  readonly threads?: number
  /** Chunk bytes after which a pack is stored; 32 MiB by default, at least 64 KiB and at most 1 GiB. */
  readonly packBytes?: number
  /** What the indexes of all realms may take of memory, and the folder for the rest; all is kept in memory by default. */
  readonly index?: { readonly mostBytes: number; readonly folder: string }
  /** Where fingerprints of the disks backed up here are remembered (chunk-prints.ts); nowhere by default. */
  readonly prints?: { readonly folder: string }
}

const DEFAULT_PACK_BYTES = 32 * 2 ** 20
/** Packs gathered or on their way to the store at one time, in the whole process. */
const PACK_BUFFERS = 3

/** A part of an index's memory is for the chunks that wait to be found while it is loaded. */
const WAITING = 1 / 4
const DEFAULT_WAITING_BYTES = 16 * 2 ** 20

/** As `DatastoreOptions` has it. Fault when the folder cannot be used. */
export function indexMemory(index: DatastoreOptions['index']): IndexMemory {
  if (index === undefined) {
    const open = () => openSpillFile(tmpdir())
    return { pool: pagePool({ mostBytes: Number.POSITIVE_INFINITY, open }), waitingBytes: DEFAULT_WAITING_BYTES }
  }
  const { mostBytes, folder } = index
  sweepSpillFiles(folder)
  const pool = pagePool({ mostBytes: mostBytes * (1 - WAITING), open: () => openSpillFile(folder) })
  return { pool, waitingBytes: mostBytes * WAITING }
}

export function openDatastore(options: DatastoreOptions): Datastore {
  const { objectStore, keyring, log, now = () => new Date(), threads: count = 2 } = options
  const packBytes = Math.min(Math.max(options.packBytes ?? DEFAULT_PACK_BYTES, 2 ** 16), 2 ** 30)
  const threads = workerThreads(count)
  const blocks = blockPool(2 + 4 * count)
  const buffers = packBuffers(PACK_BUFFERS, Math.max(packBytes, 2 * SEALED_BLOCK_BYTES))
  const prints = options.prints && chunkPrints({ ...options.prints, log })
  const memory = indexMemory(options.index)
  const realms = openRealms({ objectStore, keyring, log, threads, blocks, prints, buffers, packBytes, memory })
  const uploads = rememberedUploads()
  return {
    write: request =>
      realms.write(request.realm, async realm => {
        await checkNotHeld(realm, request.id, now())
        return writeBackup(realm, request, now)
      }),
    open: ref => realms.use(ref.realm, async realm => backupReader(realm, await readManifest(realm, ref.id))),
    restore: (ref, target, progress) =>
      realms.use(ref.realm, async realm => restoreBackup(realm, await readManifest(realm, ref.id), target, progress)),
    removeManifest: ref => removeManifest({ objectStore, realms, now }, ref),
    hold: ({ realm: name, id }, until) =>
      realms.use(name, async realm => {
        await holdManifest(realm, id, until?.getTime() ?? Number.POSITIVE_INFINITY)
        if (objectStore.retention) await keyring.retain(name, until)
      }),
    heldAlone: (ref, neighbours) =>
      realms.use(ref.realm, async realm => {
        const others = await Promise.all(neighbours.map(({ id }) => findManifest(realm, id)))
        const there = others.flatMap(manifest => manifest ?? [])
        return heldAlone(realm, await readManifest(realm, ref.id), there)
      }),
    collect: request =>
      realms.write(request.realm, realm => realm.collecting(() => collectGarbage(realm, request, { packBytes, now }))),
    verify: (ref, progress) =>
      realms.use(ref.realm, async realm => verifyBackup(realm, await readManifest(realm, ref.id), progress)),
    check: request => realms.use(request.realm, realm => checkRealm(realm, request)),
    repair: name => realms.write(name, realm => realm.collecting(() => repairRealm(realm))),
    outgoing: ref => realms.use(ref.realm, async realm => outgoingBackup(realm, await readManifest(realm, ref.id))),
    incoming: {
      missing: (ref, offer) =>
        realms.use(ref.realm, realm => missingChunks(realm, uploads.of(realm, ref.upload), offer)),
      store: (ref, chunks) =>
        realms.write(ref.realm, realm => storeIncoming(realm, uploads.of(realm, ref.upload), chunks)),
      put: (ref, disk) =>
        realms.write(ref.realm, async realm => {
          await checkNotHeld(realm, disk.id, now())
          return putIncoming(realm, uploads.of(realm, ref.upload), disk, now)
        }),
      end: ref => uploads.forget(ref.upload),
    },
    realms: () => realmsIn(objectStore),
    async close() {
      await threads.close()
      memory.pool.close()
    },
  }
}
