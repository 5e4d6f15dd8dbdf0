import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { CheckpointRecord } from '../../ports/catalog/checkpoint.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ReplicaOrder } from '../../ports/replicas.ts'

const DAY = 24 * 60 * 60 * 1000

export interface ReplicaRows {
  readonly checkpoint: CheckpointRecord
  /** The server's, then one per disk in the order's order; they have no bytes yet. */
  readonly backups: readonly [BackupRecord, ...BackupRecord[]]
}

/**
 * The rows of a replica that is being made. It is as old as its source, so that replicas stand in the order in which the
 * backups were taken, whenever they came; its time in the destination begins when it comes.
 */
export function replicaRows(order: ReplicaOrder, vault: VaultRecord, at: Date): ReplicaRows {
  const { backup } = order
  const checkpoint = checkpointOf(order, vault)
  const common = commonOf(order, { vault, checkpoint, at })
  const top: BackupRecord = {
    ...common,
    id: crypto.randomUUID(),
    name: order.name,
    resourceId: backup.resourceId,
    resourceName: backup.resourceName,
    resourceType: 'OS::Nova::Server',
    resourceSizeBytes: backup.sizeBytes,
    resourceAz: backup.resourceAz,
    encrypted: backup.encrypted,
    full: backup.full,
    systemDisk: false,
    bootable: false,
    containSystemDisk: backup.disks.some(disk => disk.systemDisk),
    ...(backup.metadata && { metadata: backup.metadata }),
  }
  const disks = backup.disks.map(
    (disk): BackupRecord => ({
      ...common,
      id: crypto.randomUUID(),
      parentId: top.id,
      name: `${order.name}_${disk.resourceName}`,
      resourceId: disk.resourceId,
      resourceName: disk.resourceName,
      resourceType: 'OS::Cinder::Volume',
      resourceSizeBytes: disk.sizeBytes,
      resourceAz: disk.resourceAz,
      encrypted: disk.encrypted,
      full: disk.full,
      systemDisk: disk.systemDisk,
      bootable: disk.bootable,
      containSystemDisk: false,
    }),
  )
  return { checkpoint, backups: [top, ...disks] }
}

function checkpointOf(order: ReplicaOrder, vault: VaultRecord): CheckpointRecord {
  const { backup, retention } = order
  const { resourceId: id, resourceName: name, sizeBytes } = backup
  return {
    id: crypto.randomUUID(),
    projectId: vault.projectId,
    vaultId: vault.id,
    vaultName: vault.name,
    name: order.name,
    description: order.description,
    status: 'protecting',
    createdAt: backup.createdAt,
    autoTrigger: order.autoTrigger,
    incremental: backup.incremental,
    retentionDays: daysOf(retention?.retention_duration_days),
    resources: [{ id, type: 'OS::Nova::Server', name, sizeBytes }],
    skipped: [],
  }
}

const daysOf = (days = -1): number => (days > 0 ? days : -1)

interface Surroundings {
  readonly vault: VaultRecord
  readonly checkpoint: CheckpointRecord
  readonly at: Date
}

/** What all rows of a replica have in common. */
function commonOf(order: ReplicaOrder, { vault, checkpoint, at }: Surroundings) {
  return {
    projectId: vault.projectId,
    vaultId: vault.id,
    checkpointId: checkpoint.id,
    description: order.description,
    status: 'protecting',
    imageType: 'replication',
    incremental: order.backup.incremental,
    createdAt: order.backup.createdAt,
    updatedAt: at,
    ...(checkpoint.retentionDays > 0 && { expiredAt: new Date(at.getTime() + checkpoint.retentionDays * DAY) }),
    autoTrigger: order.autoTrigger,
    enterpriseProjectId: vault.enterpriseProjectId,
    storedBytes: 0,
    fullBytes: 0,
    uses: 0,
  } as const
}

/** The record as the destination keeps it where the source is elsewhere. */
export const receivedRecord = (order: ReplicaOrder, region: string, at: Date): ReplicationRecord => ({
  id: order.recordId,
  status: 'replicating',
  sourceRegion: order.source.region,
  sourceProjectId: order.source.projectId,
  sourceVaultId: order.source.vaultId,
  sourceBackupId: order.source.backupId,
  sourceCheckpointId: order.source.checkpointId,
  destinationRegion: region,
  destinationProjectId: order.projectId,
  destinationVaultId: order.vaultId,
  autoTrigger: order.autoTrigger,
  progress: 0,
  failCode: '',
  failReason: '',
  createdAt: at,
  updatedAt: at,
})
