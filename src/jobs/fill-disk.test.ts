import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { openWorkshop, type Workshop, workAndStop } from '../../test/workshop.ts'
import { createVolume } from '../control/volume/create-volume.ts'
import { deleteVolume } from '../control/volume/delete-volume.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'

/** A backup of one disk, and an order for a volume of it that nobody has begun to fill. */
async function ordered(shop: Workshop) {
  const disk = await shop.disk('source')
  const { backups } = await shop.checkpoint(await shop.vault([disk], 'disk'))
  await workAndStop(shop)
  const [backupId = ''] = backups
  const volume = await createVolume(shop.ports, alice, {
    name: 'copy',
    description: '',
    metadata: {},
    source: { from: 'backup', backupId },
  })
  return { disk, backupId, id: volume.id }
}

async function volumeOf(shop: Workshop, id: string): Promise<DiskRecord> {
  const disk = await shop.ports.catalog.read(({ disks }) => disks.find(alice.projectId, id))
  assert.ok(disk)
  return disk
}

const usesOf = async (shop: Workshop, id: string) =>
  (await shop.ports.catalog.read(({ backups }) => backups.find(id)))?.uses

test('a volume whose filling was cut short is filled from the beginning', async () => {
  await using shop = await openWorkshop()
  const { disk, backupId, id } = await ordered(shop)
  const { path } = await volumeOf(shop, id)
  await writeFile(path, 'what an earlier run has left')
  await shop.ports.catalog.change(({ jobs }) =>
    jobs.claim('worker/gone/1', ['fill-disk'], shop.ports.now(), new Date(shop.ports.now().getTime() + 60_000)),
  )
  await shop.start({ alone: true }).idle()
  assert.equal((await volumeOf(shop, id)).status, 'available')
  assert.ok((await readFile(path)).equals(await readFile(disk.path)))
  assert.equal(await usesOf(shop, backupId), 0)
  assert.deepEqual(shop.complaints, [])
})

test('a volume whose source is damaged says so, lets the backup go, and can be deleted', async () => {
  await using shop = await openWorkshop()
  const { backupId, id } = await ordered(shop)
  assert.equal(await usesOf(shop, backupId), 1)
  await shop.ports.datastore.removeManifest({ realm: alice.projectId, id: backupId })
  await shop.start().idle()
  const { status, failure, path } = await volumeOf(shop, id)
  assert.equal(status, 'error')
  assert.match(failure ?? '', /does not exist any more/)
  assert.equal(await usesOf(shop, backupId), 0)
  await deleteVolume(shop.ports, alice, { id })
  await shop.work()
  assert.equal(await shop.ports.catalog.read(({ disks }) => disks.find(alice.projectId, id)), undefined)
  assert.equal(existsSync(path), false)
})

test('a volume whose file is gone is deleted all the same', async () => {
  await using shop = await openWorkshop()
  const { id } = await ordered(shop)
  await shop.start().idle()
  await shop.ports.disks.remove(await volumeOf(shop, id))
  await deleteVolume(shop.ports, alice, { id })
  await shop.work()
  assert.equal(await shop.ports.catalog.read(({ disks }) => disks.find(alice.projectId, id)), undefined)
  assert.deepEqual(shop.complaints, [])
})
