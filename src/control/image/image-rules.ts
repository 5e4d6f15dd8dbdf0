/**
 * Whole images: a name for a server backup's disks, without bytes of its own (semantics 7, 8.7). One image per backup
 * and project; while it exists neither the backup nor, for a recipient, the share can go.
 */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { Standing } from '../member/find-shared.ts'
import { isHeld } from '../member/member-release.ts'

/** Whether an image can be made of what the caller sees: 6207, 6208, 6209. */
export function checkImageable({ backup, ...standing }: Standing): void {
  if (backup.resourceType !== 'OS::Nova::Server') refuse('6207', { type: backup.resourceType })
  if (standing.role === 'recipient' && standing.own.status !== 'accepted') {
    refuse('6208', { share: standing.own.status })
  }
  if (backup.status !== 'available') refuse('6208', { status: backup.status })
  if (!backup.containSystemDisk) refuse('6209', { backup: backup.id })
}

/** An image that failed to be made does not stand in the way of the next try; any other does: 6210. */
export function checkNoneMade(images: readonly ImageRecord[]): void {
  const made = images.find(isHeld)
  if (made !== undefined) refuse('6210', { image: made.id })
}

/** The disk backups of an image's backup: what it boots from, and the rest in the order of the server. */
export interface ImageDisks {
  readonly system: BackupRecord
  readonly data: readonly BackupRecord[]
}

/** Of one backup's children; undefined where none of them is a system disk. */
export function imageDisks(children: readonly BackupRecord[]): ImageDisks | undefined {
  const system = children.find(child => child.systemDisk)
  return system && { system, data: children.filter(child => child !== system) }
}

export async function disksOf(records: Pick<Records, 'backups'>, backupId: string): Promise<ImageDisks | undefined> {
  return imageDisks(await records.backups.childrenOf([backupId]))
}
