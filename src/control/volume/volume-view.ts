import { asGb } from '../../contract/sizes.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'

/** A volume as Cinder v3 shows it in detail, without its links: those depend on how the service was reached. */
export interface Volume {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly status: DiskRecord['status']
  readonly size: number
  readonly availability_zone: string
  readonly volume_type: string
  readonly created_at: string
  readonly updated_at: string
  /** Text, for historical reasons of Cinder's. */
  readonly bootable: 'true' | 'false'
  readonly encrypted: false
  readonly multiattach: false
  readonly attachments: readonly Attachment[]
  readonly metadata: Readonly<Record<string, string>>
  readonly snapshot_id: null
  readonly source_volid: null
  readonly replication_status: null
  readonly consistencygroup_id: null
  readonly backup_id?: string
  readonly volume_image_metadata?: { readonly image_id: string }
  readonly 'os-vol-tenant-attr:tenant_id': string
  /** Ours: why the status is `error`. */
  readonly 'opencbr:failure'?: string
}

interface Attachment {
  readonly id: string
  readonly attachment_id: string
  readonly volume_id: string
  readonly server_id: string
  readonly device: string
  readonly attached_at: string
  readonly host_name: null
}

export const asVolume = (disk: DiskRecord): Volume => ({
  id: disk.id,
  name: disk.name,
  description: disk.description,
  status: disk.status,
  size: asGb(disk.sizeBytes),
  availability_zone: disk.availabilityZone,
  volume_type: disk.volumeType,
  created_at: asMicroseconds(disk.createdAt),
  updated_at: asMicroseconds(disk.updatedAt),
  bootable: disk.bootable ? 'true' : 'false',
  encrypted: false,
  multiattach: false,
  attachments: attachmentsOf(disk),
  metadata: disk.metadata,
  snapshot_id: null,
  source_volid: null,
  replication_status: null,
  consistencygroup_id: null,
  ...sourceOf(disk),
  'os-vol-tenant-attr:tenant_id': disk.projectId,
  ...(disk.failure !== undefined && { 'opencbr:failure': disk.failure }),
})

/** What the order named, and that alone: Terraform makes a volume anew when it shows another source than it was made of. */
function sourceOf({ sourceImageId, sourceBackupId }: DiskRecord): Pick<Volume, 'backup_id' | 'volume_image_metadata'> {
  if (sourceImageId !== undefined) return { volume_image_metadata: { image_id: sourceImageId } }
  return sourceBackupId === undefined ? {} : { backup_id: sourceBackupId }
}

/** A disk is attached to one server at most; the attachment is known by the disk. */
const attachmentsOf = (disk: DiskRecord): readonly Attachment[] =>
  disk.serverId === undefined
    ? []
    : [
        {
          id: disk.id,
          attachment_id: disk.id,
          volume_id: disk.id,
          server_id: disk.serverId,
          device: disk.device ?? '',
          attached_at: asMicroseconds(disk.createdAt),
          host_name: null,
        },
      ]

/** Cinder's times: microseconds, UTC, no zone. */
const asMicroseconds = (at: Date): string => `${at.toISOString().slice(0, -1)}000`
