/** Two runs at one backup: the older one, thought dead, slept through the end of its claim in the middle of a disk. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { openWorkshop, type Workshop } from '../../test/workshop.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import type { Disks } from '../ports/disks.ts'
import { startRunner } from './runner.ts'

const { projectId } = alice

/** A process that reads the first block of a disk, and sleeps then until it is woken. */
async function sleepingRun(shop: Workshop) {
  const reached = Promise.withResolvers<void>()
  const wake = Promise.withResolvers<void>()
  const openReader: Disks['openReader'] = async disk => {
    const reader = await shop.ports.disks.openReader(disk)
    return {
      ...reader,
      async read(into, offset) {
        await reader.read(into, offset)
        reached.resolve()
        await wake.promise
      },
    }
  }
  const disks: Disks = { ...shop.ports.disks, openReader }
  const runner = startRunner({ ...shop.ports, disks }, { lookEvery: 1e9, drainFor: 1e9, alone: true })
  await reached.promise
  return {
    /** Resolves when the run has ended. */
    async wakeUp() {
      wake.resolve()
      await runner.stop()
    },
  }
}

const rewrite = async ({ path, sizeBytes }: DiskRecord) => {
  const content = randomBytes(sizeBytes)
  await writeFile(path, content)
  return content
}

/** The row, the manifest and the bytes say the same. */
async function assertPublished({ ports }: Workshop, id: string, content: Buffer) {
  const row = await ports.catalog.read(({ backups }) => backups.find(id))
  const reader = await ports.datastore.open({ realm: projectId, id })
  assert.equal(row?.status, 'available')
  assert.equal(row.digest, reader.digest)
  assert.ok((await reader.read(0, reader.sizeBytes)).equals(content))
  assert.deepEqual((await ports.datastore.verify({ realm: projectId, id }, {})).problems, [])
}

async function stage() {
  const shop = await openWorkshop()
  const disk = await shop.disk('data')
  const vault = await shop.vault([disk], 'disk')
  const { backups } = await shop.checkpoint(vault)
  return { shop, disk, id: backups[0] ?? '' }
}

test('what one run has published stays, whatever the run before it writes when it wakes up', async () => {
  const { shop, disk, id } = await stage()
  await using _ = shop
  const older = await sleepingRun(shop)
  const published = await rewrite(disk)
  await shop.work()
  await assertPublished(shop, id, published)
  await rewrite(disk)
  await older.wakeUp()
  await assertPublished(shop, id, published)
  await shop.erase(id)
  await shop.work()
  const left: string[] = []
  for await (const { key } of shop.objectStore.list('realms/')) if (/packs|manifests/.test(key)) left.push(key)
  assert.deepEqual(left, [])
})

test('a run that finds the manifest of the one before it does not publish that: it is taken again', async () => {
  const { shop, disk, id } = await stage()
  await using _ = shop
  const older = await sleepingRun(shop)
  await rewrite(disk)
  const newer = await sleepingRun(shop)
  await rewrite(disk)
  await older.wakeUp()
  const row = await shop.ports.catalog.read(({ backups }) => backups.find(id))
  const { digest } = await shop.ports.datastore.open({ realm: projectId, id })
  assert.equal(row?.status, 'protecting')
  await newer.wakeUp()
  assert.equal((await shop.show(id)).status, 'protecting')
  await rewrite(disk)
  shop.later(3_600_000)
  await shop.work()
  await assertPublished(shop, id, await readFile(disk.path))
  assert.notEqual((await shop.ports.datastore.open({ realm: projectId, id })).digest, digest)
})
