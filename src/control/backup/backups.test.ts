import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob, type Desk, NOW, openDesk, putBackup, putImage, putVault, refused } from '../../../test/desk.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { ProjectCaller } from '../use-case.ts'
import { deleteBackup } from './delete-backup.ts'
import { listBackups } from './list-backups.ts'
import { showBackup } from './show-backup.ts'
import { showMetadata } from './show-metadata.ts'
import { updateBackup } from './update-backup.ts'

const at = (caller: ProjectCaller, id: string) => ({ project_id: caller.projectId, backup_id: id })

const show = async (desk: Desk, id: string, caller = alice) => {
  const { backup } = await showBackup(desk.ports, caller, { path: at(caller, id), query: {}, body: undefined })
  assert.ok(backup)
  return backup
}

const list = (desk: Desk, query: Operations['ListBackups']['query'] = {}, caller = alice) =>
  listBackups(desk.ports, caller, { path: { project_id: caller.projectId }, query, body: undefined })

const ids = async (desk: Desk, query: Operations['ListBackups']['query'] = {}, caller = alice) =>
  (await list(desk, query, caller)).backups?.map(backup => backup.id)

/** A server's backup with two children. */
const putServerBackup = async (desk: Desk, vaultId: string, given: Partial<BackupRecord> = {}) => {
  const parent = await putBackup(desk, vaultId, {
    resourceType: 'OS::Nova::Server',
    containSystemDisk: true,
    digest: undefined as never,
    metadata: {
      backups: {},
      flavor: {},
      interface: [],
      server: { id: 's', name: 'db-01' },
      floatingips: [],
      ports: [],
      volumes: [{ id: 'v' }],
    },
    ...given,
  })
  const child = (name: string, systemDisk: boolean) =>
    putBackup(desk, vaultId, {
      parentId: parent.id,
      checkpointId: parent.checkpointId,
      name: `${parent.name}_${name}`,
      systemDisk,
      digest: 'ab'.repeat(32),
    })
  return { parent, children: [await child('root', true), await child('data', false)] as const }
}

const share = async (desk: Desk, backupId: string, given: Partial<MemberRecord> = {}) => {
  const member: MemberRecord = {
    id: crypto.randomUUID(),
    backupId,
    destProjectId: bob.projectId,
    status: 'pending',
    createdAt: NOW,
    chargedBytes: 0,
    ...given,
  }
  await desk.catalog.change(({ members }) => members.insert([member]))
  return member
}

test('a backup has every field that clients read, and leaves out what has no value', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const { parent, children } = await putServerBackup(desk, vault.id)
  await putImage(desk, parent.id, alice.projectId)
  const image = (await desk.catalog.read(({ images }) => images.ofBackups([parent.id])))[0]?.id
  const backup = await show(desk, parent.id)
  const { children: shown = [], extend_info: info, ...rest } = backup
  assert.deepEqual(rest, {
    id: parent.id,
    name: 'manualbk_1234',
    description: '',
    status: 'available',
    project_id: alice.projectId,
    vault_id: vault.id,
    checkpoint_id: parent.checkpointId,
    provider_id: '0daac4c5-6707-4851-97ba-169e36266b66',
    image_type: 'backup',
    resource_id: parent.resourceId,
    resource_name: 'disk',
    resource_type: 'OS::Nova::Server',
    resource_size: 10,
    resource_az: 'az-1',
    incremental: true,
    created_at: '2026-11-23T14:15:54.210+00:00',
    updated_at: '2026-11-23T14:15:54.210+00:00',
    protected_at: '2026-11-23T14:15:54.210Z',
    enterprise_project_id: '0',
    version: 3,
  })
  assert.deepEqual(info, {
    auto_trigger: false,
    supported_restore_mode: 'backup',
    support_lld: true,
    contain_system_disk: true,
    system_disk: false,
    bootable: false,
    encrypted: false,
    is_multi_az: false,
    incremental: false,
    os_images_data: [{ image_id: image }],
  })
  assert.deepEqual(new Set(shown.map(child => child.id)), new Set(children.map(child => child.id)))
  for (const child of shown) {
    assert.deepEqual(
      [child.parent_id, child.vault_id, child.provider_id, child.resource_type, child.children],
      [parent.id, vault.id, rest.provider_id, 'OS::Cinder::Volume', []],
    )
    assert.equal(child.digest, 'ab'.repeat(32))
  }
  const disk = await putBackup(desk, vault.id)
  assert.equal((await show(desk, disk.id)).provider_id, 'd1603440-187d-4516-af25-121250c7cc97')
  assert.deepEqual((await show(desk, disk.id)).children, [])
  assert.equal((await show(desk, children[0].id)).provider_id, rest.provider_id)
})

test('what a recipient sees: pending, accepted, rejected; its children with it; nobody else anything', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const { parent, children } = await putServerBackup(desk, vault.id)
  await putImage(desk, parent.id, alice.projectId)
  await refused('6200', show(desk, parent.id, bob))
  const member = await share(desk, parent.id)
  assert.deepEqual(await ids(desk, {}, bob), [])
  assert.deepEqual(await ids(desk, { own_type: 'shared' }, bob), [parent.id])
  assert.deepEqual(await ids(desk, { own_type: 'shared', member_status: 'accepted' }, bob), [])
  const pending = await show(desk, parent.id, bob)
  assert.deepEqual([pending.vault_id, pending.project_id], ['', alice.projectId])
  assert.deepEqual(pending.extend_info.os_images_data, [], "the sharer's image is none of his")

  const accepting = crypto.randomUUID()
  await desk.catalog.change(async ({ vaults, members }) => {
    const own = await vaults.find(alice.projectId, vault.id)
    assert.ok(own)
    await vaults.insert({ ...own, id: accepting, projectId: bob.projectId, usedBytes: 0 })
    await members.update(member, { status: 'accepted', vaultId: accepting })
  })
  const accepted = await show(desk, parent.id, bob)
  assert.deepEqual([accepted.id, accepted.vault_id, accepted.project_id], [parent.id, accepting, alice.projectId])
  assert.deepEqual(
    accepted.children?.map(child => child.vault_id),
    [accepting, accepting],
  )
  assert.equal((await show(desk, children[1].id, bob)).vault_id, accepting)
  assert.deepEqual(await ids(desk, { own_type: 'all_granted', vault_id: accepting }, bob), [parent.id])
  assert.equal((await show(desk, parent.id)).vault_id, vault.id)
  await refused('6707', rename(desk, parent.id, 'mine', bob))

  await desk.catalog.change(({ members }) => members.update(member, { status: 'rejected', vaultId: null }))
  await refused('6200', show(desk, parent.id, bob))
  await refused('6200', show(desk, children[0].id, bob))
  assert.deepEqual(await ids(desk, { own_type: 'shared', member_status: 'rejected' }, bob), [parent.id])
})

const rename = (desk: Desk, id: string, name: string | undefined, caller = alice) =>
  updateBackup(desk.ports, caller, {
    path: at(caller, id),
    query: {},
    body: { backup: name === undefined ? {} : { name } },
  })

test('only an available backup is renamed; the answer is the whole backup', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const { parent } = await putServerBackup(desk, vault.id)
  const { backup } = await rename(desk, parent.id, 'yearly')
  assert.deepEqual(backup, await show(desk, parent.id))
  assert.equal(backup?.name, 'yearly')
  assert.equal((await rename(desk, parent.id, undefined)).backup?.name, 'yearly')
  await refused('6200', rename(desk, parent.id, 'x', bob))
  await desk.catalog.change(({ backups }) => backups.update([parent.id], { status: 'restoring' }))
  await refused('6216', rename(desk, parent.id, 'x'))
})

test('metadata: of server backups once they are there, as JSON in strings', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const { parent, children } = await putServerBackup(desk, vault.id)
  const ask = (id: string, caller = alice) =>
    showMetadata(desk.ports, caller, { path: at(caller, id), query: {}, body: undefined })
  const answer = await ask(parent.id)
  assert.equal(answer.backup_id, parent.id)
  assert.equal(JSON.parse(answer.backups ?? '').id, parent.id)
  assert.deepEqual(JSON.parse(answer.server ?? ''), { server: { id: 's', name: 'db-01' } })
  assert.deepEqual(
    answer.volumes?.map(text => JSON.parse(text)),
    [{ volume: { id: 'v' } }],
  )
  assert.deepEqual([JSON.parse(answer.interface ?? ''), answer.ports], [{ interfaceAttachments: [] }, []])
  await refused('6206', ask(children[0].id))
  await refused('6200', ask(parent.id, bob))
  const member = await share(desk, parent.id)
  await refused('6206', ask(parent.id, bob))
  await desk.catalog.change(({ members }) => members.update(member, { status: 'accepted' }))
  assert.equal((await ask(parent.id, bob)).backup_id, parent.id)
  await desk.catalog.change(({ backups }) => backups.update([parent.id], { status: 'error' }))
  await refused('6206', ask(parent.id))
})

test('a recipient deletes: a pending share 6201, an accepted one is given up, one with an image 6710', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const { parent, children } = await putServerBackup(desk, vault.id)
  const erase = (caller = bob, id = parent.id) =>
    deleteBackup(desk.ports, caller, { path: at(caller, id), query: {}, body: undefined })
  await refused('6200', erase())
  const member = await share(desk, parent.id)
  await refused('6201', erase())
  await desk.catalog.change(({ members }) => members.update(member, { status: 'accepted', imageId: 'i' }))
  await refused('6201', erase(bob, children[0].id))
  await refused('6710', erase())
  await desk.catalog.change(({ members }) => members.update(member, { imageId: null }))
  await erase()
  const left = await desk.catalog.read(({ members }) => members.find(parent.id, bob.projectId))
  assert.equal(left?.status, 'rejected')
  assert.equal((await show(desk, parent.id)).status, 'available')
  await refused('6200', erase())
  await erase(alice)
  assert.equal((await show(desk, parent.id)).status, 'waiting_delete')
  assert.deepEqual(await desk.catalog.read(({ members }) => members.of(parent.id)), [])
})

test('lists: filters that fit, children by naming their parent, pages, and words that are no filter', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const { parent, children } = await putServerBackup(desk, vault.id, { name: 'b' })
  const disk = await putBackup(desk, vault.id, { name: 'a', createdAt: new Date(NOW.getTime() - 1000) })
  assert.deepEqual(await ids(desk), [parent.id, disk.id])
  assert.deepEqual(await ids(desk, { sort: 'name:asc' }), [disk.id, parent.id])
  assert.deepEqual(await ids(desk, { limit: 1, marker: parent.id }), [disk.id])
  assert.deepEqual(await ids(desk, { offset: 2 }), [])
  assert.deepEqual(new Set(await ids(desk, { parent_id: parent.id })), new Set(children.map(child => child.id)))
  assert.deepEqual(await ids(desk, { resource_type: 'OS::Cinder::Volume' }), [disk.id])
  assert.deepEqual(await ids(desk, { start_time: '2026-11-23T14:15:54Z' }), [parent.id])
  assert.deepEqual(await ids(desk, { end_time: '2026-11-23T15:15:53.500+01:00' }), [disk.id])
  assert.deepEqual(await ids(desk, { start_time: '2026-11-23T14:15:54' }), [parent.id])
  assert.deepEqual(await ids(desk, { checkpoint_id: parent.checkpointId, status: ['available', 'error'] }), [parent.id])
  assert.deepEqual(await ids(desk, { used_percent: '3' }), [])
  assert.deepEqual(await ids(desk, { dec: true }), [parent.id, disk.id])
  assert.deepEqual(await ids(desk, { enterprise_project_id: 'all_granted_eps' }), [parent.id, disk.id])
  assert.deepEqual(await ids(desk, { enterprise_project_id: 'other' }), [])
  const { backups = [], ...page } = await list(desk, { limit: 1, show_replication: true })
  assert.deepEqual(page, { count: 2, limit: 1, offset: 0 })
  assert.deepEqual(backups[0]?.replication_records, [])
  assert.equal(backups[0]?.children?.length, 2)
  assert.equal((await list(desk)).backups?.[0]?.replication_records, undefined)
  for (const query of [
    { start_time: 'yesterday' },
    { end_time: '2026-13-01T00:00:00Z' },
    { used_percent: '0' },
    { used_percent: '101' },
    { used_percent: 'many' },
    { sort: 'size:asc' },
    { sort: 'name:up' },
  ]) {
    await refused('9900', (async () => list(desk, query))())
  }
})
