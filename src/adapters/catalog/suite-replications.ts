/** The promises of replication records (ports/catalog/replication.ts). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import { aBackup, aProject, at, aVault } from './samples.ts'

export function replicationTests(catalog: () => Catalog): void {
  test('replications: found from either backup, by the vaults they run in, changed and removed', async () => {
    const [source, replica, vault] = [randomUUID(), randomUUID(), randomUUID()]
    const first = aReplication({ sourceBackupId: source, sourceVaultId: vault })
    const second = aReplication({ sourceBackupId: source, createdAt: at(2), destinationVaultId: vault })
    const ended = aReplication({ sourceVaultId: vault, status: 'success', destinationBackupId: replica })
    await catalog().change(async ({ replications }) => {
      for (const record of [second, first, ended]) await replications.insert(record)
      assert.deepEqual(await replications.find(first.id), first)
      assert.equal(await replications.find(randomUUID()), undefined)
      assert.deepEqual(await replications.ofBackups([source]), [first, second])
      assert.deepEqual(await replications.ofBackups([replica]), [ended])
      assert.deepEqual(await replications.ofBackups([]), [])
      assert.deepEqual(await replications.runningIn(vault), [first, second])
      const patch = { status: 'fail', failCode: 'BackupService.6129', failReason: 'full', updatedAt: at(3) } as const
      await replications.update(first.id, patch)
      assert.deepEqual(await replications.find(first.id), { ...first, ...patch })
      assert.deepEqual(await replications.runningIn(vault), [second])
      await replications.remove(first.id)
      assert.deepEqual(await replications.ofBackups([source]), [second])
    })
    await assert.rejects(catalog().change(({ replications }) => replications.insert(second)))
  })

  test('replications: a record goes with the last of its backups that is here', async () => {
    const vault = aVault(aProject())
    const [source, replica] = [aBackup(vault), aBackup(vault, { imageType: 'replication' })]
    const both = aReplication({ sourceBackupId: source.id, destinationBackupId: replica.id, status: 'success' })
    const elsewhere = aReplication({ sourceBackupId: source.id, destinationBackupId: randomUUID(), status: 'success' })
    const unborn = aReplication({ sourceBackupId: source.id, status: 'fail' })
    const received = aReplication({ destinationBackupId: replica.id, status: 'success' })
    await catalog().change(async ({ vaults, backups, replications }) => {
      await vaults.insert(vault)
      await backups.insert([source, replica])
      for (const record of [both, elsewhere, unborn, received]) await replications.insert(record)
      await backups.remove([source.id])
      await replications.forget(source.id)
      const left = (await replications.ofBackups([source.id, replica.id])).map(({ id }) => id)
      assert.deepEqual(new Set(left), new Set([both.id, received.id]))
      await backups.remove([replica.id])
      await replications.forget(replica.id)
      assert.deepEqual(await replications.ofBackups([source.id, replica.id]), [])
    })
  })

  test('replications: the record stays while the source is here and the replica has gone', async () => {
    const vault = aVault(aProject())
    const source = aBackup(vault)
    const gone = aReplication({ sourceBackupId: source.id, destinationBackupId: randomUUID(), status: 'success' })
    await catalog().change(async ({ vaults, backups, replications }) => {
      await vaults.insert(vault)
      await backups.insert([source])
      await replications.insert(gone)
      await replications.forget(gone.destinationBackupId ?? '')
      assert.deepEqual(await replications.ofBackups([source.id]), [gone])
    })
  })
}

const aReplication = (given: Partial<ReplicationRecord> = {}): ReplicationRecord => ({
  id: randomUUID(),
  status: 'waiting_replicate',
  sourceRegion: 'here-1',
  sourceProjectId: aProject(),
  sourceVaultId: randomUUID(),
  sourceBackupId: randomUUID(),
  sourceCheckpointId: randomUUID(),
  destinationRegion: 'there-1',
  destinationProjectId: aProject(),
  destinationVaultId: randomUUID(),
  autoTrigger: true,
  progress: 0,
  failCode: '',
  failReason: '',
  createdAt: at(1),
  updatedAt: at(1),
  ...given,
})
