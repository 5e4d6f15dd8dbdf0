import type { ReplicationRecord, Replications } from '../../ports/catalog/replication.ts'
import { first, insertAll, type Session } from './session.ts'
import { table } from './table.ts'

const replicationTable = table<ReplicationRecord>({
  id: 'text',
  status: 'text',
  sourceRegion: 'text',
  sourceProjectId: 'text',
  sourceVaultId: 'text',
  sourceBackupId: 'text',
  sourceCheckpointId: 'text',
  destinationRegion: 'text',
  destinationProjectId: 'text',
  destinationVaultId: 'text',
  destinationBackupId: 'text?',
  destinationCheckpointId: 'text?',
  autoTrigger: 'flag',
  progress: 'number',
  failCode: 'text',
  failReason: 'text',
  createdAt: 'time',
  updatedAt: 'time',
})

export function replicationsOf(session: Session): Replications {
  const { db, among } = session
  const oldestFirst = db.selectFrom('replication').selectAll().orderBy('created_at').orderBy('id')
  return {
    insert: record => insertAll(session, 'replication', replicationTable, [record]),
    async find(id) {
      const row = await first(session, db.selectFrom('replication').selectAll().where('id', '=', id))
      return row && replicationTable.toRecord(row)
    },
    async ofBackups(backupIds) {
      if (backupIds.length === 0) return []
      const query = oldestFirst.where(e =>
        e.or([among('source_backup_id', backupIds), among('destination_backup_id', backupIds)]),
      )
      return (await session.all(query)).map(replicationTable.toRecord)
    },
    async runningIn(vaultId) {
      const query = oldestFirst
        .where('status', 'in', ['waiting_replicate', 'replicating'])
        .where(e => e.or([e('source_vault_id', '=', vaultId), e('destination_vault_id', '=', vaultId)]))
      return (await session.all(query)).map(replicationTable.toRecord)
    },
    async update(id, patch) {
      const changes = replicationTable.toChanges(patch)
      if (Object.keys(changes).length > 0)
        await session.all(db.updateTable('replication').set(changes).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('replication').where('id', '=', id))
    },
    async forget(backupId) {
      const backups = db.selectFrom('backup').select('id')
      await session.all(
        db
          .deleteFrom('replication')
          .where('source_backup_id', '=', backupId)
          .where(e => e.or([e('destination_backup_id', 'is', null), e('destination_backup_id', 'not in', backups)])),
      )
      await session.all(
        db
          .deleteFrom('replication')
          .where('destination_backup_id', '=', backupId)
          .where('source_backup_id', 'not in', backups),
      )
    },
  }
}
