import { decline } from '../../contract/openstack-refusal.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { visibleBackup } from '../backup/visible-backup.ts'
import { disksOf } from '../image/image-rules.ts'
import { checkSource, guardianOf } from './volume-rules.ts'

/** What a volume is to be made of: a disk backup, or an image's system disk. */
export type SourceChoice =
  | { readonly from: 'nothing' }
  | { readonly from: 'backup'; readonly backupId: string }
  | { readonly from: 'image'; readonly imageId: string }

export interface VolumeSource {
  readonly backup: BackupRecord
  readonly imageId?: string
}

/** Holds the backup that guards the source's bytes. Refuses what the project may not read. */
export async function lockSource(
  records: Records,
  projectId: string,
  choice: SourceChoice,
): Promise<VolumeSource | undefined> {
  if (choice.from === 'nothing') return undefined
  const imageId = choice.from === 'image' ? choice.imageId : undefined
  const backupId = choice.from === 'image' ? await systemDiskOf(records, projectId, choice.imageId) : choice.backupId
  const { backup } = await visibleBackup(records, projectId, backupId)
  await records.backups.lock(guardianOf(backup))
  checkSource(await visibleBackup(records, projectId, backupId))
  return { backup, ...(imageId !== undefined && { imageId }) }
}

async function systemDiskOf(records: Records, projectId: string, imageId: string): Promise<string> {
  const image = await records.images.find(projectId, imageId)
  if (image === undefined) decline(400, `Invalid imageRef provided: there is no image ${imageId}.`)
  if (image.status !== 'active') decline(400, `Invalid image identifier: ${imageId} is ${image.status}, not active.`)
  const disks = await disksOf(records, image.backupId)
  return disks?.system.id ?? decline(400, `Invalid image identifier: ${imageId} has no system disk.`)
}
