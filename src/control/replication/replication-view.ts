import type { BackupReplicateRespBody, ReplicationRecordGet } from '../../contract/operations.gen.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'

/** A record on the wire; clients read the destination vault under two spellings (semantics 24.1 #19). */
export const asReplicationRecord = (record: ReplicationRecord): ReplicationRecordGet => ({
  id: record.id,
  created_at: asTimestamp(record.createdAt),
  status: record.status,
  source_region: record.sourceRegion,
  source_project_id: record.sourceProjectId,
  source_backup_id: record.sourceBackupId,
  source_checkpoint_id: record.sourceCheckpointId,
  vault_id: record.sourceVaultId,
  destination_region: record.destinationRegion,
  destination_project_id: record.destinationProjectId,
  destination_vault_id: record.destinationVaultId,
  ...(record.destinationBackupId && { destination_backup_id: record.destinationBackupId }),
  ...(record.destinationCheckpointId && { destination_checkpoint_id: record.destinationCheckpointId }),
  extra_info: {
    progress: record.progress,
    fail_code: record.failCode,
    fail_reason: record.failReason,
    auto_trigger: record.autoTrigger,
    destination_vault_id: record.destinationVaultId,
    destinatio_vault_id: record.destinationVaultId,
  },
})

/** Of each of the backups, oldest first: those that were made of it, and the one that it was made by. */
export async function recordsOfBackups(
  records: Pick<Records, 'replications'>,
  backupIds: readonly string[],
): Promise<(backupId: string) => readonly ReplicationRecordGet[]> {
  const all = await records.replications.ofBackups(backupIds)
  return id =>
    all
      .filter(({ sourceBackupId, destinationBackupId }) => sourceBackupId === id || destinationBackupId === id)
      .map(asReplicationRecord)
}

export const asReplication = (record: ReplicationRecord, providerId: string): Required<BackupReplicateRespBody> => ({
  replication_record_id: record.id,
  backup_id: record.sourceBackupId,
  project_id: record.sourceProjectId,
  provider_id: providerId,
  source_region: record.sourceRegion,
  destination_region: record.destinationRegion,
  destination_project_id: record.destinationProjectId,
  destination_vault_id: record.destinationVaultId,
})
