/** How a replication begins, whether a client asks for it or a policy is due (semantics 14). */
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { Retention } from '../../ports/replicas.ts'
import { providerOfBackup } from '../backup/backup-rules.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import { type Destination, isRunning } from './replication-rules.ts'

export interface Start {
  readonly destination: Destination
  readonly sourceRegion: string
  /** The source's where none is asked for. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly autoTrigger: boolean
  readonly policy?: { readonly id: string; readonly retention: Retention }
  readonly at: Date
  readonly requestId: string
}

/**
 * The record, the operation log and the job. The caller holds the backup's row and has asked the rules. An attempt at the
 * same destination that came to nothing gives way.
 */
export async function startReplication(
  records: Records,
  source: { readonly backup: BackupRecord; readonly vault: VaultRecord | undefined },
  start: Start,
): Promise<ReplicationRecord> {
  const { backup, vault } = source
  const record = recordOf(backup, start)
  for (const other of await records.replications.ofBackups([backup.id])) {
    const isSame = other.sourceBackupId === backup.id && other.destinationRegion === record.destinationRegion
    if (isSame && !isRunning(other)) await records.replications.remove(other.id)
  }
  await records.replications.insert(record)
  await records.backups.use(backup.id, 1)
  const name = start.name || backup.name
  await startOperation(records, {
    type: 'replication',
    projectId: backup.projectId,
    requestId: start.requestId,
    at: start.at,
    resource: { id: backup.resourceId, name: backup.resourceName, type: backup.resourceType },
    detail: {
      replication: {
        source_backup_id: backup.id,
        source_backup_name: backup.name,
        source_checkpoint_id: backup.checkpointId,
        source_project_id: backup.projectId,
        source_region: record.sourceRegion,
        destination_backup_name: name,
        destination_project_id: record.destinationProjectId,
        destination_region: record.destinationRegion,
      },
    },
    job: 'replicate-backup',
    payload: {
      recordId: record.id,
      name,
      description: start.description ?? '',
      ...(start.policy && { retention: start.policy.retention }),
    },
    providerId: providerOfBackup(backup),
    checkpointId: backup.checkpointId,
    ...(start.policy && { policyId: start.policy.id }),
    ...(vault && { vault }),
  })
  return record
}

const recordOf = (backup: BackupRecord, { destination, sourceRegion, autoTrigger, at }: Start): ReplicationRecord => ({
  id: crypto.randomUUID(),
  status: 'waiting_replicate',
  sourceRegion,
  sourceProjectId: backup.projectId,
  sourceVaultId: backup.vaultId,
  sourceBackupId: backup.id,
  sourceCheckpointId: backup.checkpointId,
  destinationRegion: destination.region,
  destinationProjectId: destination.projectId,
  destinationVaultId: destination.vaultId,
  autoTrigger,
  progress: 0,
  failCode: '',
  failReason: '',
  createdAt: at,
  updatedAt: at,
})
