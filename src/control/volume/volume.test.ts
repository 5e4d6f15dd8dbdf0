import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  GIB,
  type Ground,
  groundOn,
  other,
  outcomeOf,
  putBackup,
  putVault,
  recipient,
  sharer,
} from '../../../test/sharing-ground.ts'
import { sceneIn } from '../../../test/sharing-table.ts'
import { openSqliteCatalog } from '../../adapters/catalog/sqlite.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { DiskPatch } from '../../ports/catalog/disk.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { deleteBackup } from '../backup/delete-backup.ts'
import { registerImage } from '../image/register-image.ts'
import { deleteMember } from '../member/delete-member.ts'
import type { ProjectCaller } from '../use-case.ts'
import { createVolume, type VolumeOrder } from './create-volume.ts'
import { deleteVolume } from './delete-volume.ts'
import { listVolumes } from './list-volumes.ts'
import { showVolume } from './show-volume.ts'
import { updateVolume } from './update-volume.ts'

const settings = {
  region: 'local-1',
  availabilityZone: 'az-1',
  mostVaults: Number.POSITIVE_INFINITY,
  mostWebhooks: 10,
  smallestVaultGb: 10,
  disksFolder: '/data/disks',
  importsFolder: '/data/imports',
}

const inMemory = async () => groundOn(await openSqliteCatalog({ file: ':memory:' }))

const create = ({ ports }: Ground, caller: ProjectCaller, order: Partial<VolumeOrder> = {}) =>
  createVolume({ ...ports, settings }, caller, {
    name: 'v',
    description: '',
    metadata: {},
    source: { from: 'nothing' },
    ...order,
  })

const of = (backup: BackupRecord | undefined) => ({ from: 'backup', backupId: backup?.id ?? '' }) as const

async function disksOf({ catalog }: Ground, backup: BackupRecord) {
  const children = await catalog.read(({ backups }) => backups.childrenOf([backup.id]))
  return { root: children.find(child => child.systemDisk), data: children.find(child => !child.systemDisk) }
}

const usesOf = async ({ catalog }: Ground, id: string) => (await catalog.read(({ backups }) => backups.find(id)))?.uses

test('an empty volume has the size asked for, and a job that makes it', async () => {
  const ground = await inMemory()
  const volume = await create(ground, sharer, { sizeGb: 2, metadata: { a: 'b' } })
  assert.deepEqual([volume.status, volume.size, volume.bootable], ['creating', 2, 'false'])
  assert.match(volume.created_at, /^2026-11-23T14:\d\d:\d\d\.209000$/)
  const [disk] = await ground.catalog.read(({ disks }) => disks.ofProject(sharer.projectId))
  assert.equal(disk?.path, `/data/disks/${volume.id}.raw`)
  const [job] = await ground.catalog.read(({ jobs }) => jobs.open(sharer.projectId))
  assert.deepEqual([job?.kind, job?.payload], ['fill-disk', { diskId: volume.id }])
  await assert.rejects(create(ground, sharer), { status: 400 })
})

test('a volume is made of a disk backup of an own or accepted backup, at least as large', async () => {
  const ground = await inMemory()
  const { backup } = await sceneIn(ground, 'A')
  const { root, data } = await disksOf(ground, backup)
  for (const caller of [sharer, recipient]) {
    const volume = await create(ground, caller, { source: of(root) })
    assert.deepEqual([volume.size, volume.bootable, volume.backup_id], [40, 'true', root?.id])
    assert.equal((await create(ground, caller, { source: of(data), sizeGb: 11 })).size, 11)
    await assert.rejects(create(ground, caller, { source: of(data), sizeGb: 9 }), { status: 400 })
    await assert.rejects(create(ground, caller, { source: of(backup) }), { status: 400 })
  }
  assert.equal(await outcomeOf(create(ground, other, { source: of(data) })), '6200')
  assert.equal(await usesOf(ground, backup.id), 4)
})

test('nothing is made of a share that is not accepted, nor of a backup that is not available', async () => {
  const ground = await inMemory()
  const pending = await disksOf(ground, (await sceneIn(ground, 'P')).backup)
  await assert.rejects(create(ground, recipient, { source: of(pending.data) }), { status: 400 })
  const rejected = await disksOf(ground, (await sceneIn(ground, 'J')).backup)
  assert.equal(await outcomeOf(create(ground, recipient, { source: of(rejected.data) })), '6200')
  const vault = await putVault(ground, sharer, { objectType: 'disk' })
  const disk = await putBackup(ground, vault, { resourceType: 'OS::Cinder::Volume', status: 'protecting' })
  await assert.rejects(create(ground, sharer, { source: of(disk) }), { status: 400 })
})

test('a volume is made of the system disk of an image that is active', async () => {
  const ground = await inMemory()
  const { backup } = await sceneIn(ground, 'A')
  await registerImage(ground.ports, recipient, { name: 'i', description: '', backupId: backup.id, tags: [] })
  const [image] = await ground.catalog.read(({ images }) => images.ofBackups([backup.id]))
  const source = { from: 'image', imageId: image?.id ?? '' } as const
  await assert.rejects(create(ground, recipient, { source }), { status: 400 })
  await ground.catalog.change(({ images }) => images.update(source.imageId, { status: 'active' }))
  const volume = await create(ground, recipient, { source })
  assert.deepEqual([volume.volume_image_metadata, volume.backup_id], [{ image_id: source.imageId }, undefined])
  const disk = await ground.catalog.read(({ disks }) => disks.find(recipient.projectId, volume.id))
  assert.equal(disk?.sourceBackupId, (await disksOf(ground, backup)).root?.id)
  await assert.rejects(create(ground, sharer, { source }), { status: 400 })
})

test('while a volume is filled the backup cannot be deleted, though the share can end; the volume stays', async () => {
  const ground = await inMemory()
  const scene = await sceneIn(ground, 'A')
  const { data } = await disksOf(ground, scene.backup)
  const volume = await create(ground, recipient, { source: of(data) })
  const path = { project_id: sharer.projectId, backup_id: scene.backup.id }
  assert.equal(await outcomeOf(deleteBackup(ground.ports, sharer, { path, query: {}, body: undefined })), '6216')
  await deleteMember(ground.ports, sharer, {
    path: { ...path, member_id: recipient.projectId },
    query: {},
    body: undefined,
  })
  assert.equal((await showVolume(ground.ports, recipient, volume.id)).status, 'creating')
})

test('only a free volume of our own making is deleted', async () => {
  const ground = await inMemory()
  const vault = await putVault(ground, sharer, { objectType: 'disk' })
  const attempt = async (patch: DiskPatch, inVault = false) => {
    const { id } = await create(ground, sharer, { sizeGb: 1 })
    await ground.catalog.change(async ({ disks, resources }) => {
      await disks.update(id, { status: 'available', ...patch })
      if (inVault) await resources.put({ ...resourceOf(id), vaultId: vault.id })
    })
    return deleteVolume(ground.ports, sharer, { id }).then(() => id)
  }
  for (const status of ['creating', 'in-use', 'restoring-backup', 'deleting'] as const) {
    await assert.rejects(attempt({ status }), { status: 400 })
  }
  await assert.rejects(attempt({ serverId: crypto.randomUUID() }), { status: 400 })
  await assert.rejects(attempt({ managed: false }), { status: 400 })
  await assert.rejects(attempt({}, true), { status: 400 })
  for (const status of ['available', 'error'] as const) {
    const id = await attempt({ status })
    assert.equal((await showVolume(ground.ports, sharer, id)).status, 'deleting')
    await assert.rejects(deleteVolume(ground.ports, other, { id }), { status: 404 })
  }
})

test('a volume of our own making is renamed, described and labelled; what is not named stays', async () => {
  const ground = await inMemory()
  const { id } = await create(ground, sharer, { sizeGb: 1, description: 'd', metadata: { a: 'b' } })
  const named = await updateVolume(ground.ports, sharer, id, { name: 'w' })
  assert.deepEqual([named.name, named.description, named.metadata], ['w', 'd', { a: 'b' }])
  await updateVolume(ground.ports, sharer, id, { description: '', metadata: { c: 'd' } })
  const { name, description, metadata } = await showVolume(ground.ports, sharer, id)
  assert.deepEqual([name, description, metadata], ['w', '', { c: 'd' }])
  await assert.rejects(updateVolume(ground.ports, other, id, { name: 'x' }), { status: 404 })
  await ground.catalog.change(({ disks }) => disks.update(id, { managed: false }))
  await assert.rejects(updateVolume(ground.ports, sharer, id, { name: 'x' }), { status: 400 })
})

test('with cascade a volume leaves its vault, unless there are backups of it or the vault is locked', async () => {
  const ground = await inMemory()
  const attempt = async (vault: Partial<VaultRecord>, resource: Partial<ResourceRecord>) => {
    const { id: vaultId } = await putVault(ground, sharer, { objectType: 'disk', ...vault })
    const { id } = await create(ground, sharer, { sizeGb: 1 })
    await ground.catalog.change(async ({ disks, resources }) => {
      await disks.update(id, { status: 'available' })
      await resources.put({ ...resourceOf(id), vaultId, ...resource })
    })
    const outcome = await deleteVolume(ground.ports, sharer, { id, cascade: true }).then(
      () => 'deleting',
      ({ status }) => status,
    )
    const left = await ground.catalog.read(({ resources }) => resources.of([vaultId]))
    return [outcome, left.length]
  }
  assert.deepEqual(await attempt({}, {}), ['deleting', 0])
  assert.deepEqual(await attempt({ locked: true }, {}), [400, 1])
  assert.deepEqual(await attempt({ status: 'deleting' }, {}), [400, 1])
  assert.deepEqual(await attempt({}, { backupCount: 1, backupBytes: 1 }), [400, 1])
  assert.deepEqual(await attempt({}, { protectStatus: 'protecting' }), [400, 1])
})

const resourceOf = (id: string) =>
  ({
    id,
    projectId: sharer.projectId,
    type: 'OS::Cinder::Volume',
    name: 'v',
    sizeBytes: GIB,
    protectStatus: 'available',
    autoProtect: true,
    excludeVolumes: [],
    includeVolumes: [],
    addedAt: new Date(0),
    backupBytes: 0,
    backupCount: 0,
  }) as const

test('volumes are listed newest first, by name and status, page by page, to their project', async () => {
  const ground = await inMemory()
  const ids: string[] = []
  for (const name of ['a', 'b', 'a']) ids.unshift((await create(ground, sharer, { name, sizeGb: 1 })).id)
  const listed = async (query = {}, caller = sharer) => {
    const { volumes, more } = await listVolumes(ground.ports, caller, { limit: 1000, offset: 0, ...query })
    return [volumes.map(volume => volume.id), more]
  }
  assert.deepEqual(await listed(), [ids, false])
  assert.deepEqual(await listed({ limit: 2 }), [ids.slice(0, 2), true])
  assert.deepEqual(await listed({ marker: ids[1] }), [[ids[2]], false])
  assert.deepEqual(await listed({ name: 'a', offset: 1 }), [[ids[2]], false])
  assert.deepEqual(await listed({ status: 'available' }), [[], false])
  assert.deepEqual(await listed({}, other), [[], false])
  await assert.rejects(listed({ marker: 'none' }), { status: 400 })
})
