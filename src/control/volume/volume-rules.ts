/**
 * Volumes of the embedded shape: disks of the inventory, in Cinder's words. A volume made of a backup reads from it until
 * it is filled; that is counted in the backup's `uses`, so that nobody deletes it meanwhile (6216). Afterwards the volume
 * is its owner's, whatever becomes of the backup or the share.
 */
import { decline } from '../../contract/openstack-refusal.ts'
import { asGb, GIB } from '../../contract/sizes.ts'
import type { BackupRecord, VisibleBackup } from '../../ports/catalog/backup.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'

/** Of a volume, GB: the largest file that ext4 holds. */
export const LARGEST_GB = 16 * 1024

/** The one kind of storage there is. */
export const VOLUME_TYPE = 'local'

/** The backup whose lock and `uses` guard a disk backup: its server's, or itself. */
export const guardianOf = (backup: BackupRecord): string => backup.parentId ?? backup.id

/** Whether a volume can be filled from what the caller sees. */
export function checkSource({ backup, member }: VisibleBackup): void {
  if (backup.resourceType === 'OS::Nova::Server') {
    decline(400, `Invalid backup: ${backup.id} is of a whole server; name one of its disk backups.`)
  }
  if (member && member.status !== 'accepted') {
    decline(400, `Invalid backup: the share of ${backup.id} is ${member.status}; accept it first.`)
  }
  if (backup.status !== 'available') {
    decline(400, `Invalid backup: ${backup.id} must be available, but is ${backup.status}.`)
  }
}

/** Bytes of the volume: as asked, never less than the source has; without a wish, exactly what the source has. */
export function sizeOf(askedGb: number | undefined, source: BackupRecord | undefined): number {
  if (askedGb === undefined) {
    return source?.resourceSizeBytes ?? decline(400, "Invalid input received: 'size' is needed for an empty volume.")
  }
  const bytes = askedGb * GIB
  if (source && bytes < source.resourceSizeBytes) {
    const least = asGb(source.resourceSizeBytes)
    decline(400, `Invalid input received: ${askedGb} GB is less than the ${least} GB of what the volume is made of.`)
  }
  return bytes
}

/** Whether the volume can be deleted; `vaultId` where it is in one. */
export function checkRemovable(disk: DiskRecord, vaultId: string | undefined): void {
  if (disk.status !== 'available' && disk.status !== 'error') {
    decline(400, `Invalid volume: Volume status must be available or error, but is ${disk.status}.`)
  }
  if (disk.serverId !== undefined) decline(400, `Invalid volume: ${disk.id} is attached to ${disk.serverId}.`)
  if (vaultId !== undefined) decline(400, `Invalid volume: ${disk.id} is in vault ${vaultId}; remove it there first.`)
  checkOurs(disk)
}

/** The configuration has its own disks as it names them at every start. */
export function checkOurs(disk: DiskRecord): void {
  if (!disk.managed) decline(400, `Invalid volume: ${disk.id} belongs to the operator's configuration.`)
}

export const noVolume = (id: string): string => `Volume ${id} could not be found.`
