import { asGb } from '../../contract/sizes.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import { deviceName } from '../protectable/device-name.ts'
import type { ImageDisks } from './image-rules.ts'

/** An image as Glance v2 shows it. The system disk is its file; the data disks stand in `block_device_mapping`. */
export interface Image {
  readonly id: string
  readonly name: string
  readonly status: ImageRecord['status']
  readonly visibility: 'private'
  readonly owner: string
  readonly size: number
  readonly virtual_size: number
  readonly min_disk: number
  readonly min_ram: number
  readonly disk_format: 'raw'
  readonly container_format: 'bare'
  readonly created_at: string
  readonly updated_at: string
  readonly tags: readonly string[]
  readonly protected: false
  readonly os_hidden: false
  readonly checksum: null
  readonly os_hash_algo: null
  readonly os_hash_value: null
  readonly file: string
  readonly self: string
  readonly schema: string
  readonly block_device_mapping: string
  readonly __backup_id: string
  readonly __whole_image: true
  readonly __description: string
}

/** Paths are relative to the service's root, as Glance's own are, so that clients find their way (`/image` before). */
export function asImage(image: ImageRecord, disks: ImageDisks | undefined): Image {
  return {
    id: image.id,
    name: image.name,
    status: image.status,
    visibility: 'private',
    owner: image.projectId,
    size: image.sizeBytes,
    virtual_size: image.sizeBytes,
    min_disk: image.minDiskGb,
    min_ram: 0,
    disk_format: 'raw',
    container_format: 'bare',
    created_at: asSeconds(image.createdAt),
    updated_at: asSeconds(image.updatedAt),
    tags: image.tags,
    protected: false,
    os_hidden: false,
    checksum: null,
    os_hash_algo: null,
    os_hash_value: null,
    file: `/v2/images/${image.id}/file`,
    self: `/v2/images/${image.id}`,
    schema: '/v2/schemas/image',
    block_device_mapping: JSON.stringify((disks?.data ?? []).map(asMapping)),
    __backup_id: image.backupId,
    __whole_image: true,
    __description: image.description,
  }
}

const asMapping = (disk: BackupRecord, index: number) => ({
  device_name: deviceName(index + 1),
  source_type: 'backup',
  destination_type: 'volume',
  boot_index: -1,
  backup_id: disk.id,
  volume_id: disk.resourceId,
  volume_name: disk.resourceName,
  volume_size: asGb(disk.resourceSizeBytes),
  size_bytes: disk.resourceSizeBytes,
})

/** Glance's times: whole seconds. */
const asSeconds = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

export const noImage = (id: string): string => `Failed to find image ${id}`
