/** Two workers at one backup: the older one, thought dead, slept through the end of its claim. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { openWorkshop, type Workshop } from '../../test/workshop.ts'
import { openKeyFileRing } from '../adapters/keyring/key-file.ts'
import { openDatastore } from '../datastore/open.ts'
import type { Catalog } from '../ports/catalog/catalog.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import type { JobPorts } from './job-ports.ts'
import { type Runner, startRunner } from './runner.ts'

/** One catalog as two workers have it open. */
export interface TwoCatalogs {
  /** Closed by the suite. */
  readonly one: Catalog
  readonly other: Catalog
  /** Closes the other one and removes what was made; called when the first is closed. */
  end(): Promise<void>
}

const { projectId } = alice
/** Longer than any claim lasts that nobody renews. */
const LONG_MS = 3_600_000

interface Stage extends AsyncDisposable {
  readonly shop: Workshop
  /** Of the worker beside the workshop's own: nothing of it is shared but the catalog, the store and the clock. */
  readonly beside: JobPorts
  readonly disk: DiskRecord
  /** A backup of the disk that nobody has begun yet. */
  readonly id: string
}

async function openStage({ one, other, end }: TwoCatalogs): Promise<Stage> {
  const shop = await openWorkshop({ catalog: one })
  const { objectStore, folder, ports } = shop
  const keyring = await openKeyFileRing({ file: join(folder, 'master.key'), objectStore })
  const { log, now } = ports
  const datastore = openDatastore({ objectStore, keyring, log, now, threads: 1, packBytes: 2 ** 18 })
  const disk = await shop.disk('data')
  const { backups } = await shop.checkpoint(await shop.vault([disk], 'disk'))
  return {
    shop,
    beside: { ...ports, catalog: other, datastore },
    disk,
    id: backups[0] ?? '',
    async [Symbol.asyncDispose]() {
      await datastore.close()
      await shop[Symbol.asyncDispose]()
      await end()
    },
  }
}

const start = (ports: JobPorts): Runner => startRunner(ports, { lookEvery: 20, drainFor: 1e9 })

/** Does what there is to do, and goes. */
async function work(ports: JobPorts): Promise<void> {
  const runner = start(ports)
  await runner.idle()
  await runner.stop()
}

/** Where a worker falls asleep: when it has read the first block of a disk, or when it has written the whole backup. */
type Moment = 'read' | 'written'

/** A worker that has taken up the backup, and sleeps from that moment on until it is woken. */
async function asleep(ports: JobPorts, moment: Moment) {
  const reached = Promise.withResolvers<void>()
  const wake = Promise.withResolvers<void>()
  const sleep = async (at: Moment) => {
    if (at !== moment) return
    reached.resolve()
    await wake.promise
  }
  const { disks, datastore } = ports
  const runner = start({
    ...ports,
    disks: {
      ...disks,
      async openReader(disk) {
        const reader = await disks.openReader(disk)
        return {
          ...reader,
          async read(into, offset) {
            await reader.read(into, offset)
            await sleep('read')
          },
        }
      },
    },
    datastore: {
      ...datastore,
      async write(order) {
        const written = await datastore.write(order)
        await sleep('written')
        return written
      },
    },
  })
  await reached.promise
  /** Resolves when the run has ended. */
  const wakeUp = async () => {
    wake.resolve()
    await runner.stop()
  }
  return { wakeUp, [Symbol.asyncDispose]: wakeUp }
}

const rewrite = async ({ path, sizeBytes }: DiskRecord) => {
  const content = randomBytes(sizeBytes)
  await writeFile(path, content)
  return content
}

/** The row, the manifest and the bytes say the same, to either worker. */
async function assertPublished({ shop, beside, id }: Stage, content: Buffer) {
  for (const { catalog, datastore } of [shop.ports, beside]) {
    const row = await catalog.read(({ backups }) => backups.find(id))
    const reader = await datastore.open({ realm: projectId, id })
    assert.equal(row?.status, 'available')
    assert.equal(row.digest, reader.digest)
    assert.ok((await reader.read(0, reader.sizeBytes)).equals(content))
    assert.deepEqual((await datastore.verify({ realm: projectId, id }, {})).problems, [])
  }
}

/** When the backup goes, nothing of either run stays in the store. */
async function assertNothingIsLeft({ shop, beside, id }: Stage) {
  await shop.erase(id)
  await work(beside)
  const left: string[] = []
  for await (const { key } of shop.objectStore.list('realms/')) if (/packs|manifests/.test(key)) left.push(key)
  assert.deepEqual(left, [])
}

export function sameBackupSuite(engine: string, open: () => Promise<TwoCatalogs>): void {
  for (const moment of ['read', 'written'] as const) {
    test(`${engine}: what one worker has published stays, whatever the one before it does that slept when it had ${moment}`, async () => {
      await using stage = await openStage(await open())
      const { shop, beside, disk } = stage
      await using older = await asleep(shop.ports, moment)
      const published = await rewrite(disk)
      shop.later(LONG_MS)
      await work(beside)
      await assertPublished(stage, published)
      await rewrite(disk)
      await older.wakeUp()
      await assertPublished(stage, published)
      await assertNothingIsLeft(stage)
    })
  }

  test(`${engine}: who wakes up while another has its job publishes nothing, with a whole manifest of its own`, async () => {
    await using stage = await openStage(await open())
    const { shop, beside, disk, id } = stage
    await using older = await asleep(shop.ports, 'written')
    const content = await rewrite(disk)
    shop.later(LONG_MS)
    await using newer = await asleep(beside, 'read')
    await older.wakeUp()
    assert.equal((await shop.show(id)).status, 'protecting')
    await newer.wakeUp()
    await assertPublished(stage, content)
    await assertNothingIsLeft(stage)
  })

  test(`${engine}: a worker that finds the manifest of the one before it does not publish that: it is taken again`, async () => {
    await using stage = await openStage(await open())
    const { shop, beside, disk, id } = stage
    await using older = await asleep(shop.ports, 'read')
    await rewrite(disk)
    shop.later(LONG_MS)
    await using newer = await asleep(beside, 'read')
    await rewrite(disk)
    await older.wakeUp()
    const { digest } = await shop.ports.datastore.open({ realm: projectId, id })
    assert.equal((await shop.show(id)).status, 'protecting')
    await newer.wakeUp()
    assert.equal((await shop.show(id)).status, 'protecting')
    await rewrite(disk)
    shop.later(LONG_MS)
    await work(beside)
    await assertPublished(stage, await readFile(disk.path))
    assert.notEqual((await beside.datastore.open({ realm: projectId, id })).digest, digest)
  })
}
