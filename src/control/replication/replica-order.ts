import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import type { ReplicaOrder, Retention } from '../../ports/replicas.ts'

export interface Replicated {
  readonly record: ReplicationRecord
  readonly backup: BackupRecord
  /** In the order in which their replicas are to be named. */
  readonly disks: readonly BackupRecord[]
}

export interface Wish {
  readonly name: string
  readonly description: string
  readonly retention: Retention | undefined
}

/** What the destination is told of a server's backup. */
export function orderOf({ record, backup, disks }: Replicated, wish: Wish): ReplicaOrder {
  const { name, description, retention } = wish
  return {
    recordId: record.id,
    projectId: record.destinationProjectId,
    vaultId: record.destinationVaultId,
    name,
    description,
    autoTrigger: record.autoTrigger,
    ...(retention && { retention }),
    source: {
      region: record.sourceRegion,
      projectId: record.sourceProjectId,
      vaultId: record.sourceVaultId,
      backupId: record.sourceBackupId,
      checkpointId: record.sourceCheckpointId,
    },
    backup: {
      ...partOf(backup),
      createdAt: backup.createdAt,
      incremental: backup.incremental,
      fullBytes: backup.fullBytes,
      ...(backup.metadata && { metadata: backup.metadata }),
      disks: disks.map(disk => ({ ...partOf(disk), bootable: disk.bootable, systemDisk: disk.systemDisk })),
    },
  }
}

const partOf = (backup: BackupRecord) => ({
  resourceId: backup.resourceId,
  resourceName: backup.resourceName,
  resourceAz: backup.resourceAz,
  sizeBytes: backup.resourceSizeBytes,
  encrypted: backup.encrypted,
  full: backup.full,
})
