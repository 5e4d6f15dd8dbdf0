import assert from 'node:assert/strict'
import test from 'node:test'
import { aDisk, alice, bob, type Desk, openDesk, putBackup, putVault, refused } from '../../../test/desk.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { VaultPatch } from '../../ports/catalog/vault.ts'
import { addVaultResource } from './add-vault-resource.ts'
import { migrateVaultResource } from './migrate-vault-resource.ts'
import { showStorageUsage } from './show-storage-usage.ts'

const GIB = 2 ** 30

const migrate = (desk: Desk, from: string, to: string, resource_ids: readonly string[], caller = alice) =>
  migrateVaultResource(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: from },
    query: {},
    body: { destination_vault_id: to, resource_ids },
  })

/** A disk vault with one disk in it. */
async function vaultWithDisk(desk: Desk, given: VaultPatch = {}) {
  const disk = aDisk()
  desk.disks.push(disk)
  const { id } = await putVault(desk, { objectType: 'disk' })
  await addVaultResource(desk.ports, alice, {
    path: { project_id: alice.projectId, vault_id: id },
    query: {},
    body: { resources: [{ id: disk.id, type: 'OS::Cinder::Volume' }] },
  })
  await desk.catalog.change(({ vaults }) => vaults.update(id, given))
  return { id, disk: disk.id }
}

const diskVault = async (desk: Desk, given: VaultPatch & { usedBytes?: number } = {}) =>
  (await putVault(desk, { objectType: 'disk', ...given })).id

const used = async (desk: Desk, id: string) =>
  (await desk.catalog.read(({ vaults }) => vaults.find(alice.projectId, id)))?.usedBytes

test('a resource moves with its backups and what they take', async () => {
  await using desk = await openDesk()
  const { id, disk } = await vaultWithDisk(desk)
  const other = await putBackup(desk, id, { storedBytes: 5 })
  const moved = [
    await putBackup(desk, id, { resourceId: disk, storedBytes: 7 }),
    await putBackup(desk, id, { resourceId: disk, storedBytes: 4 }),
  ]
  const child = await putBackup(desk, id, { parentId: moved[0]?.id ?? '', storedBytes: 7 })
  const to = await diskVault(desk)
  assert.deepEqual(await migrate(desk, id, to, [disk]), { migrated_resources: [disk] })
  assert.deepEqual([await used(desk, id), await used(desk, to)], [5, 11])
  await desk.catalog.read(async ({ resources, backups, operationLogs }) => {
    assert.deepEqual(await resources.of([id]), [])
    const [resource] = await resources.of([to])
    assert.deepEqual([resource?.id, resource?.backupBytes, resource?.backupCount], [disk, 11, 2])
    for (const backup of [...moved, child]) assert.equal((await backups.find(backup.id))?.vaultId, to)
    assert.equal((await backups.find(other.id))?.vaultId, id)
    const { rows } = await operationLogs.list(alice.projectId, { vaultId: id }, { limit: 10, offset: 0 })
    assert.deepEqual(
      rows.map(log => [log.type, log.status, log.resource.id]),
      [['sync', 'success', disk]],
    )
    assert.equal(rows[0]?.detail.sync?.sync_backup_num, 2)
  })
})

test('what keeps a resource where it is', async () => {
  await using desk = await openDesk()
  const { id, disk } = await vaultWithDisk(desk)
  await putBackup(desk, id, { resourceId: disk, storedBytes: 3 * GIB })
  const targets: readonly [VaultPatch & { usedBytes?: number }, ErrorCode][] = [
    [{ objectType: 'server' }, '6102'],
    [{ protectType: 'replication' }, '6102'],
    [{ status: 'deleting' }, '6112'],
    [{ status: 'error' }, '6112'],
    [{ locked: true }, '6110'],
    [{ usedBytes: 97 * GIB }, '6129'],
  ]
  for (const [given, code] of targets) await refused(code, migrate(desk, id, await diskVault(desk, given), [disk]))
  const to = await diskVault(desk, { usedBytes: 97 * GIB - 1, status: 'lock' })
  await refused('6105', migrate(desk, crypto.randomUUID(), to, [disk]))
  await refused('6105', migrate(desk, id, to, [disk], bob))
  await refused('9900', migrate(desk, id, id, [disk]))
  await refused('6105', migrate(desk, id, crypto.randomUUID(), [disk]))
  await refused('6135', migrate(desk, id, to, [crypto.randomUUID()]))
  await migrate(desk, id, to, [disk])
  const locked = await vaultWithDisk(desk, { locked: true })
  await refused('6110', migrate(desk, locked.id, to, [locked.disk]))
})

test('a task in either vault keeps all where it is', async () => {
  await using desk = await openDesk()
  const busy: readonly Partial<BackupRecord>[] = [
    { status: 'protecting' },
    { status: 'waiting_restore' },
    { status: 'deleting' },
    { uses: 1 },
  ]
  for (const given of busy) {
    const source = await vaultWithDisk(desk)
    const to = await diskVault(desk)
    await putBackup(desk, to, given)
    await refused('6125', migrate(desk, source.id, to, [source.disk]))
    await putBackup(desk, source.id, { resourceId: source.disk, ...given })
    await refused('6125', migrate(desk, source.id, await diskVault(desk), [source.disk]))
  }
  const { id, disk } = await vaultWithDisk(desk)
  await desk.catalog.change(({ resources }) => resources.setStatus(id, [disk], 'removing'))
  await refused('6134', migrate(desk, id, await diskVault(desk), [disk]))
})

test('there and back at once: nothing is lost, nothing deadlocks', async () => {
  await using desk = await openDesk()
  const [one, two] = [await vaultWithDisk(desk), await vaultWithDisk(desk)]
  await putBackup(desk, one.id, { resourceId: one.disk, storedBytes: 3 })
  await putBackup(desk, two.id, { resourceId: two.disk, storedBytes: 4 })
  await Promise.all([migrate(desk, one.id, two.id, [one.disk]), migrate(desk, two.id, one.id, [two.disk])])
  assert.deepEqual([await used(desk, one.id), await used(desk, two.id)], [4, 3])
})

test('storage usage by resource, in bytes', async () => {
  await using desk = await openDesk()
  const usage = (query: { resource_id?: string; offset?: number; limit?: number; marker?: string } = {}) =>
    showStorageUsage(desk.ports, alice, { path: { project_id: alice.projectId }, query, body: undefined })
  assert.deepEqual(await usage(), { resource_count: 0, storage_usage: [] })
  const one = await vaultWithDisk(desk)
  const two = await vaultWithDisk(desk)
  await putBackup(desk, one.id, { resourceId: one.disk, storedBytes: 1500 })
  const all = await usage()
  const order = all.storage_usage?.map(used => used.resource_id) ?? []
  assert.deepEqual(order.toSorted(), [one.disk, two.disk].toSorted())
  assert.deepEqual(await usage({ resource_id: one.disk }), {
    resource_count: 1,
    storage_usage: [
      {
        resource_id: one.disk,
        resource_name: 'disk',
        resource_type: 'OS::Cinder::Volume',
        backup_count: 1,
        backup_size: 1500,
        backup_size_multiaz: 0,
      },
    ],
  })
  const second = await usage({ limit: 1, offset: 1 })
  assert.deepEqual([second.resource_count, second.storage_usage?.[0]?.resource_id], [2, order[1]])
  assert.deepEqual(
    (await usage({ marker: order[0] ?? '' })).storage_usage?.map(u => u.resource_id),
    order.slice(1),
  )
  assert.deepEqual((await usage({ offset: 2 })).storage_usage, [])
})
