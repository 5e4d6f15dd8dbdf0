import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  calls,
  type Ground,
  groundOn,
  other,
  outcomeOf,
  putBackup,
  putVault,
  recipient,
  sharer,
} from '../../../test/sharing-ground.ts'
import { sceneIn, stateOf } from '../../../test/sharing-table.ts'
import { openSqliteCatalog } from '../../adapters/catalog/sqlite.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import { deleteBackup } from '../backup/delete-backup.ts'
import type { ProjectCaller } from '../use-case.ts'
import { untieShare } from './image-share.ts'
import { listImages } from './list-images.ts'
import { openImageFile } from './open-image-file.ts'
import { registerImage } from './register-image.ts'
import { showImage } from './show-image.ts'
import { showImageJob } from './show-image-job.ts'
import { updateImage } from './update-image.ts'

const inMemory = async () => groundOn(await openSqliteCatalog({ file: ':memory:' }))

async function register({ ports }: Ground, caller: ProjectCaller, backup: BackupRecord, name = 'web'): Promise<string> {
  const { job_id } = await registerImage(ports, caller, { name, description: 'd', backupId: backup.id, tags: ['a'] })
  const job = await showImageJob(ports, caller, job_id)
  assert.equal(job?.status, 'INIT')
  return job.entities.image_id
}

test('an image can be made of an available server backup with its system disk only, and once', async () => {
  const ground = await inMemory()
  const vault = await putVault(ground, sharer)
  const refusals: readonly (readonly [Partial<BackupRecord>, string])[] = [
    [{ resourceType: 'OS::Cinder::Volume' }, '6207'],
    [{ status: 'restoring' }, '6208'],
    [{ containSystemDisk: false }, '6209'],
    [{}, 'ok'],
  ]
  for (const [given, code] of refusals) {
    const backup = await putBackup(ground, vault, given)
    assert.equal(await outcomeOf(register(ground, sharer, backup)), code)
    assert.equal(await outcomeOf(register(ground, sharer, backup)), code === 'ok' ? '6210' : code)
    assert.equal(await outcomeOf(register(ground, other, backup)), '6200')
    const [child] = await ground.catalog.read(({ backups }) => backups.childrenOf([backup.id]))
    if (child) assert.equal(await outcomeOf(register(ground, sharer, child)), '6207')
  }
})

test('the sharer and each recipient make images of their own; each keeps the backup', async () => {
  const ground = await inMemory()
  const scene = await sceneIn(ground, 'A')
  const { backup } = scene
  const own = await register(ground, sharer, backup)
  assert.equal(await stateOf(scene), 'A')
  await register(ground, recipient, backup)
  assert.equal(await stateOf(scene), 'A+img')
  const path = { project_id: sharer.projectId, backup_id: backup.id }
  const removal = () => outcomeOf(deleteBackup(ground.ports, sharer, { path, query: {}, body: undefined }))
  assert.equal(await removal(), '6204')
  await ground.catalog.change(({ images }) => images.remove(own))
  assert.equal(await removal(), '6710')
})

test('an image that could not be made says why, frees the share and the backup, and lets the next one be made', async () => {
  const ground = await inMemory()
  const scene = await sceneIn(ground, 'A')
  const fail = async (id: string) => {
    await ground.catalog.change(async records => {
      const image = await records.images.find(recipient.projectId, id)
      assert.ok(image)
      await untieShare(records, image, ground.ports.now())
      await records.images.update(id, { status: 'error', failure: 'stored data is damaged' })
    })
  }
  const first = await register(ground, recipient, scene.backup)
  await fail(first)
  assert.equal(await stateOf(scene), 'A')
  const { jobId = '' } = (await ground.catalog.read(({ images }) => images.find(recipient.projectId, first))) ?? {}
  const job = await showImageJob(ground.ports, recipient, jobId)
  assert.deepEqual(
    [job?.status, job?.error_code, job?.fail_reason],
    ['FAIL', 'BackupService.6212', 'stored data is damaged'],
  )
  const second = await register(ground, recipient, scene.backup)
  await assert.rejects(showImage(ground.ports, recipient, first), { status: 404 })
  await fail(second)
  const path = { project_id: sharer.projectId, backup_id: scene.backup.id }
  assert.equal(await outcomeOf(deleteBackup(ground.ports, sharer, { path, query: {}, body: undefined })), 'ok')
  await assert.rejects(showImage(ground.ports, recipient, second), { status: 404 })
})

test('an image is seen, listed and renamed by its own project', async () => {
  const ground = await inMemory()
  const vault = await putVault(ground, sharer)
  const ids: string[] = []
  for (const name of ['web', 'db', 'web']) {
    ids.unshift(await register(ground, sharer, await putBackup(ground, vault), name))
  }
  const listed = async (caller: ProjectCaller, query = {}, page = {}) =>
    (await listImages(ground.ports, caller, query, { limit: 10, offset: 0, ...page })).map(image => image.id)
  assert.deepEqual(await listed(sharer), ids)
  assert.deepEqual(await listed(sharer, { name: 'web', status: 'queued', owner: sharer.projectId }), [ids[0], ids[2]])
  assert.deepEqual(await listed(sharer, {}, { limit: 1, after: ids[0] }), [ids[1]])
  assert.deepEqual(await listed(sharer, { visibility: 'public' }), [])
  assert.deepEqual(await listed(sharer, { owner: other.projectId }), [])
  assert.deepEqual(await listed(other), [])
  const image = await updateImage(ground.ports, sharer, ids[0] ?? '', { name: 'shop' })
  assert.deepEqual(await showImage(ground.ports, sharer, image.id), image)
  assert.equal(image.name, 'shop')
  assert.equal(image.min_disk, 40)
  assert.match(image.created_at, /^2026-11-23T14:\d\d:\d\dZ$/)
  const [disk, ...none] = JSON.parse(image.block_device_mapping)
  assert.deepEqual([disk.device_name, disk.volume_size, none], ['/dev/vdb', 10, []])
  await assert.rejects(showImage(ground.ports, other, image.id), { status: 404 })
})

test('an image has data from when it is active', async () => {
  const ground = await inMemory()
  const { backup } = await sceneIn(ground, 'A')
  const id = await register(ground, recipient, backup)
  const asked: unknown[] = []
  const backupBytes = {
    async *stream(holder: unknown, from: number, to: number) {
      asked.push([holder, from, to])
      yield new Uint8Array(to - from)
    },
  }
  const ports = { ...ground.ports, backupBytes }
  assert.equal(await openImageFile(ports, recipient, id), undefined)
  await ground.catalog.change(({ images }) => images.update(id, { status: 'active' }))
  const file = await openImageFile(ports, recipient, id)
  for await (const bytes of file?.stream(5, 9) ?? []) assert.equal(bytes.length, 4)
  const children = await ground.catalog.read(({ backups }) => backups.childrenOf([backup.id]))
  const system = children.find(child => child.systemDisk)
  assert.deepEqual(asked, [[{ projectId: sharer.projectId, backupId: system?.id }, 5, 9]])
  await assert.rejects(openImageFile(ports, other, id), { status: 404 })
  assert.equal((await calls(ground).get(sharer, backup.id, recipient.projectId)).member?.image_id, id)
})
