/** OpenCBR's data plane as a process of its own, to be measured from outside: one order in, its result on stdout. */

import { localDisks } from '../../src/adapters/disks/local.ts'
import { openKeyFileRing } from '../../src/adapters/keyring/key-file.ts'
import { openFilesystemObjectStore } from '../../src/adapters/object-store/filesystem.ts'
import type { Datastore } from '../../src/datastore/datastore.ts'
import { openDatastore } from '../../src/datastore/open.ts'
import type { Extent } from '../../src/ports/disks.ts'
import type { Log } from '../../src/ports/log.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'

export interface BackupOrder {
  readonly do: 'backup'
  readonly id: string
  readonly disk: string
  readonly base?: string
  readonly changed?: readonly Extent[]
}
export interface RestoreOrder {
  readonly do: 'restore'
  readonly id: string
  readonly disk: string
}
/** Opens a backup as an export does, and reads the first 4 KiB from there. */
export interface ReadOrder {
  readonly do: 'read'
  readonly id: string
  readonly offset: number
}
/** Bytes that all objects take. */
export interface UsageOrder {
  readonly do: 'usage'
}
export type Order = BackupOrder | RestoreOrder | ReadOrder | UsageOrder

export interface Orders {
  /** Folder of the store; its key lies beside it, and what is remembered of disks that were backed up. */
  readonly store: string
  /** One after the other, in the same process. */
  readonly orders: readonly Order[]
}

export interface Outcome {
  /** Of the order alone, in a datastore that is open; the first one also loads the realm. */
  readonly seconds: number
  readonly result: object
}

const REALM = 'bench'

const { store, orders }: Orders = JSON.parse(process.argv[2] ?? '')
const objectStore = await openStore()
const keyring = await openKeyFileRing({ file: `${store}.key`, objectStore })
const prints = { folder: `${store}.fingerprints` }
const datastore = openDatastore({ objectStore, keyring, log: complaints(), prints })
const outcomes: Outcome[] = []
for (const order of orders) {
  const begin = performance.now()
  const result = await carryOut(datastore, order)
  outcomes.push({ seconds: (performance.now() - begin) / 1000, result })
}
await datastore.close()
await objectStore.close()
console.log(JSON.stringify(outcomes))

/** In the bucket of the environment with STORE=s3: under a prefix by the folder's name. */
async function openStore(): Promise<ObjectStore> {
  if (process.env.STORE !== 's3') return openFilesystemObjectStore(store)
  const { openS3ObjectStore } = await import('../../src/adapters/object-store/s3.ts')
  const { benchPlace } = await import('../s3-server.ts')
  return openS3ObjectStore(benchPlace(store))
}

async function carryOut(bytes: Datastore, order: Order): Promise<object> {
  if (order.do === 'usage') return { bytes: await objectStore.usage('') }
  const disks = localDisks()
  const ref = { realm: REALM, id: order.id }
  switch (order.do) {
    case 'backup': {
      await using source = await disks.openReader({ path: order.disk, format: 'raw' })
      const base = order.base === undefined ? {} : { base: { realm: REALM, id: order.base } }
      const changed = order.changed === undefined ? {} : { changed: order.changed }
      return await bytes.write({ ...ref, source, ...base, ...changed })
    }
    case 'restore': {
      const { sizeBytes } = await bytes.open(ref)
      await using target = await disks.openWriter(await disks.create(order.disk, sizeBytes))
      return await bytes.restore(ref, target, {})
    }
    case 'read': {
      const reader = await bytes.open(ref)
      await reader.read(order.offset, 4096)
      return { sizeBytes: reader.sizeBytes }
    }
  }
}

/** Only what is wrong. */
function complaints(): Log {
  const drop = () => undefined
  const tell = (facts: object, message: string): void => console.error(message, facts)
  const log: Log = { debug: drop, info: drop, warn: tell, error: tell, child: () => log }
  return log
}
