import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob } from '../../test/desk.ts'
import { openWorkshop, type Workshop, workAndStop } from '../../test/workshop.ts'
import { deleteImage } from '../control/image/delete-image.ts'
import { registerImage } from '../control/image/register-image.ts'

/** A server's backup that bob has accepted, and an image of it that nobody has begun to make. */
async function ordered(shop: Workshop) {
  const server = await shop.server('db-01', ['root', 'data'])
  const vault = await shop.vault([server])
  const { backups } = await shop.checkpoint(vault)
  await workAndStop(shop)
  const [backupId = ''] = backups
  const { catalog, now } = shop.ports
  await catalog.change(({ members }) =>
    members.insert([
      {
        id: crypto.randomUUID(),
        backupId,
        destProjectId: bob.projectId,
        status: 'accepted',
        createdAt: now(),
        vaultId: vault,
        chargedBytes: 0,
      },
    ]),
  )
  await registerImage(shop.ports, bob, { name: 'db', description: '', backupId, tags: [] })
  return backupId
}

const standing = (shop: Workshop, backupId: string) =>
  shop.ports.catalog.read(async ({ images, members, backups, jobs }) => ({
    image: (await images.ofBackups([backupId]))[0],
    tied: (await members.find(backupId, bob.projectId))?.imageId,
    disks: await backups.childrenOf([backupId]),
    jobs: (await jobs.open()).filter(job => job.kind === 'register-image').length,
  }))

test('an image becomes active when its disks can be read, also after a crash in between', async () => {
  await using shop = await openWorkshop()
  const backupId = await ordered(shop)
  const until = new Date(shop.ports.now().getTime() + 60_000)
  await shop.ports.catalog.change(({ jobs }) =>
    jobs.claim('worker/gone/1', ['register-image'], shop.ports.now(), until),
  )
  await shop.start({ alone: true }).idle()
  const { image, tied, jobs } = await standing(shop, backupId)
  assert.deepEqual([image?.status, tied, jobs], ['active', image?.id, 0])
  assert.deepEqual(shop.complaints, [])
})

test('an image one of whose disks is not there fails, and the share is free', async () => {
  await using shop = await openWorkshop()
  const backupId = await ordered(shop)
  const { disks } = await standing(shop, backupId)
  const data = disks.find(disk => !disk.systemDisk)
  await shop.ports.datastore.removeManifest({ realm: alice.projectId, id: data?.id ?? '' })
  await shop.start().idle()
  const { image, tied, jobs } = await standing(shop, backupId)
  assert.deepEqual([image?.status, tied, jobs], ['error', undefined, 0])
  assert.match(image?.failure ?? '', /does not exist any more/)
})

test('an image deleted before it was made stays deleted', async () => {
  await using shop = await openWorkshop()
  const backupId = await ordered(shop)
  const { image } = await standing(shop, backupId)
  await deleteImage(shop.ports, bob, image?.id ?? '')
  await shop.start().idle()
  const after = await standing(shop, backupId)
  assert.deepEqual([after.image, after.tied, after.jobs], [undefined, undefined, 0])
  assert.deepEqual(shop.complaints, [])
})
