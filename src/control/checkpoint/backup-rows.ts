import { asGb } from '../../contract/sizes.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { BackupRecord, ServerMetadata } from '../../ports/catalog/backup.ts'
import type { CheckpointRecord } from '../../ports/catalog/checkpoint.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ProtectableDisk, ProtectableServer } from '../../ports/protectables.ts'
import type { Chosen } from './checkpoint-rules.ts'

const DAY = 24 * 60 * 60 * 1000

export interface BackupTraits {
  readonly vault: VaultRecord
  readonly name: string
  readonly incremental: boolean
}

/**
 * The rows of one resource's new backup: a disk's alone, or a server's and after it one per disk. They have no bytes
 * yet; the job gives them theirs.
 */
export function backupRows(
  { resource, server, disks }: Chosen,
  checkpoint: CheckpointRecord,
  { vault, name, incremental }: BackupTraits,
): readonly [BackupRecord, ...BackupRecord[]] {
  const top = {
    ...newBackup(checkpoint, vault, incremental),
    name,
    resourceId: resource.id,
    resourceName: server?.name ?? disks[0]?.name ?? resource.name,
    resourceType: resource.type,
    resourceSizeBytes: disks.reduce((sum, disk) => sum + disk.sizeBytes, 0),
    resourceAz: server?.availabilityZone ?? disks[0]?.availabilityZone ?? '',
    encrypted: disks.some(disk => disk.encrypted),
  }
  if (server === undefined) return [{ ...top, bootable: disks[0]?.bootable ?? false }]
  const systemDisk = server.disks[0]?.id
  return [
    {
      ...top,
      containSystemDisk: disks.some(disk => disk.id === systemDisk),
      metadata: metadataOf(server, disks),
    },
    ...disks.map(disk => ({
      ...newBackup(checkpoint, vault, incremental),
      parentId: top.id,
      name: `${name}_${disk.name}`,
      resourceId: disk.id,
      resourceName: disk.name,
      resourceType: 'OS::Cinder::Volume',
      resourceSizeBytes: disk.sizeBytes,
      resourceAz: disk.availabilityZone,
      encrypted: disk.encrypted,
      bootable: disk.bootable,
      systemDisk: disk.id === systemDisk,
    })),
  ]
}

/** What all rows of a checkpoint have in common. */
function newBackup(checkpoint: CheckpointRecord, vault: VaultRecord, incremental: boolean) {
  const { projectId, vaultId, description, createdAt, retentionDays } = checkpoint
  return {
    id: crypto.randomUUID(),
    projectId,
    vaultId,
    checkpointId: checkpoint.id,
    description,
    status: 'waiting_protect',
    imageType: 'backup',
    incremental,
    full: false,
    createdAt,
    updatedAt: createdAt,
    ...(retentionDays > 0 && { expiredAt: new Date(createdAt.getTime() + retentionDays * DAY) }),
    autoTrigger: checkpoint.autoTrigger,
    systemDisk: false,
    bootable: false,
    containSystemDisk: false,
    enterpriseProjectId: vault.enterpriseProjectId,
    storedBytes: 0,
    fullBytes: 0,
    uses: 0,
  } as const
}

/** The server as it stands at this moment, in the words of Nova and Cinder. Networks and flavors are not known here. */
function metadataOf(server: ProtectableServer, disks: readonly ProtectableDisk[]): ServerMetadata {
  return {
    backups: {},
    flavor: {},
    interface: [],
    server: {
      id: server.id,
      name: server.name,
      status: server.status,
      tenant_id: server.projectId,
      created: asTimestamp(server.createdAt),
      'OS-EXT-AZ:availability_zone': server.availabilityZone,
      'os-extended-volumes:volumes_attached': server.disks.map(({ id }) => ({ id })),
    },
    floatingips: [],
    ports: [],
    volumes: disks.map(disk => ({
      id: disk.id,
      name: disk.name,
      size: asGb(disk.sizeBytes),
      status: disk.status,
      bootable: String(disk.bootable),
      encrypted: disk.encrypted,
      multiattach: disk.shareable,
      availability_zone: disk.availabilityZone,
      created_at: asTimestamp(disk.createdAt),
      attachments: [
        { id: disk.id, volume_id: disk.id, server_id: server.id, ...(disk.device && { device: disk.device }) },
      ],
    })),
  }
}
