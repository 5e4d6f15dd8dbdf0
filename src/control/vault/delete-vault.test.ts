import assert from 'node:assert/strict'
import test from 'node:test'
import {
  aDisk,
  alice,
  bob,
  type Desk,
  NOW,
  openDesk,
  putBackup,
  putImage,
  putVault,
  refused,
} from '../../../test/desk.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import { addVaultResource } from '../resource/add-vault-resource.ts'
import { deleteVault } from './delete-vault.ts'

const GIB = 2 ** 30

const remove = (desk: Desk, id: string, caller = alice) =>
  deleteVault(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: id },
    query: {},
    body: undefined,
  })

const find = (desk: Desk, id: string) => desk.catalog.read(({ vaults }) => vaults.find(alice.projectId, id))
const backupNow = (desk: Desk, id: string) => desk.catalog.read(({ backups }) => backups.find(id))

async function putMember(desk: Desk, backupId: string, given: Partial<MemberRecord> = {}): Promise<MemberRecord> {
  const member = {
    id: crypto.randomUUID(),
    backupId,
    destProjectId: bob.projectId,
    status: 'pending' as const,
    createdAt: NOW,
    chargedBytes: 0,
    ...given,
  }
  await desk.catalog.change(({ members }) => members.insert([member]))
  return member
}

test('a vault goes with its backups, resources and shares, by a job', async () => {
  await using desk = await openDesk()
  const disk = aDisk()
  desk.disks.push(disk)
  const { id } = await putVault(desk, { objectType: 'disk' })
  await addVaultResource(desk.ports, alice, {
    path: { project_id: alice.projectId, vault_id: id },
    query: {},
    body: { resources: [{ id: disk.id, type: 'OS::Cinder::Volume' }] },
  })
  const good = await putBackup(desk, id, { resourceId: disk.id })
  const failed = await putBackup(desk, id, { resourceId: disk.id, status: 'error', storedBytes: 0 })
  await putMember(desk, good.id)
  assert.equal(await remove(desk, id), undefined)
  assert.equal(desk.woken.times, 1)
  assert.equal((await find(desk, id))?.status, 'deleting')
  for (const backup of [good, failed]) assert.equal((await backupNow(desk, backup.id))?.status, 'waiting_delete')
  await desk.catalog.read(async ({ members, jobs, operationLogs }) => {
    assert.deepEqual(await members.of(good.id), [])
    const [job, ...others] = await jobs.open(alice.projectId)
    assert.ok(job)
    assert.equal(others.length, 0)
    assert.deepEqual([job.kind, job.payload], ['delete-vault', { vaultId: id }])
    const log = await operationLogs.find(alice.projectId, job.operationLogId ?? '')
    assert.ok(log)
    assert.deepEqual([log.type, log.status, log.vaultId, log.vaultName], ['vault_delete', 'waiting', id, 'vault-1'])
    assert.equal(log.requestId, alice.requestId)
    assert.equal(log.providerId, 'd1603440-187d-4516-af25-121250c7cc97')
    assert.deepEqual(log.detail.vault_delete, {
      total_count: 2,
      fail_count: 0,
      total_delete_count: 2,
      fail_delete_count: 0,
    })
  })
  await refused('6112', remove(desk, id))
})

test('the status decides', async () => {
  await using desk = await openDesk()
  for (const status of ['lock', 'frozen', 'deleting'] as const) {
    await refused('6112', remove(desk, (await putVault(desk, { status })).id))
  }
  await remove(desk, (await putVault(desk, { status: 'error' })).id)
  await refused('6111', remove(desk, (await putVault(desk, { chargingMode: 'pre_paid' })).id))
  const { id } = await putVault(desk)
  await refused('6105', remove(desk, id, bob))
  await refused('6105', remove(desk, 'vault-1'))
})

test('what works on a backup keeps its vault', async () => {
  await using desk = await openDesk()
  const cases: readonly [Partial<BackupRecord>, ErrorCode][] = [
    [{ status: 'waiting_protect' }, '6203'],
    [{ status: 'protecting' }, '6203'],
    [{ status: 'waiting_restore' }, '6125'],
    [{ status: 'restoring' }, '6125'],
    [{ uses: 1 }, '6216'],
  ]
  for (const [given, code] of cases) {
    const { id } = await putVault(desk)
    await putBackup(desk, id)
    await putBackup(desk, id, given)
    await refused(code, remove(desk, id))
    assert.equal((await find(desk, id))?.status, 'available')
  }
})

test('an image keeps the vault: of the owner 6204, of a recipient 6710', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  const backup = await putBackup(desk, id, { resourceType: 'OS::Nova::Server' })
  await putImage(desk, backup.id, bob.projectId)
  await refused('6710', remove(desk, id))
  await putImage(desk, backup.id, alice.projectId)
  await refused('6204', remove(desk, id))
})

test('an accepted share is given back, unless an image was made of it', async () => {
  await using desk = await openDesk()
  const theirs = await putVault(desk)
  const shared = await putBackup(desk, theirs.id, { resourceType: 'OS::Nova::Server' })
  const mine = await putVault(desk)
  const accepted = { status: 'accepted', vaultId: mine.id, chargedBytes: GIB } as const
  const member = await putMember(desk, shared.id, { ...accepted, destProjectId: alice.projectId })
  const image = await putImage(desk, shared.id, alice.projectId)
  await refused('6204', remove(desk, mine.id))
  await desk.catalog.change(({ images }) => images.remove(image.id))
  await remove(desk, mine.id)
  await desk.catalog.read(async ({ members }) => {
    const [now] = await members.of(shared.id)
    assert.deepEqual([now?.id, now?.status, now?.vaultId], [member.id, 'rejected', undefined])
  })
  assert.equal((await backupNow(desk, shared.id))?.status, 'available')
})

test('a locked vault stays while an automatic backup in it has not expired', async () => {
  await using desk = await openDesk()
  const past = new Date(NOW.getTime() - 1)
  const future = new Date(NOW.getTime() + 1)
  const vaultWith = async (given: Partial<BackupRecord>) => {
    const { id } = await putVault(desk, { locked: true })
    await putBackup(desk, id, given)
    return id
  }
  await refused('6111', remove(desk, await vaultWith({ autoTrigger: true, expiredAt: future })))
  await refused('6111', remove(desk, await vaultWith({ autoTrigger: true })))
  await remove(desk, await vaultWith({ autoTrigger: true, expiredAt: past }))
  await remove(desk, await vaultWith({ autoTrigger: true, status: 'error' }))
  await remove(desk, await vaultWith({}))
})
