import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import { tellShares } from '../member/share-events.ts'
import type { Outbox } from '../webhook/tell.ts'

/** An image that goes, or never came to be, no longer holds the share it was made of (A+img to A, semantics 8.7). */
export async function untieShare(
  records: Outbox & Pick<Records, 'backups' | 'members'>,
  image: ImageRecord,
  at: Date,
): Promise<void> {
  const backup = await records.backups.lock(image.backupId)
  const member = await records.members.find(image.backupId, image.projectId)
  if (backup === undefined || member?.imageId !== image.id) return
  await records.members.update(member, { imageId: null, updatedAt: at })
  const { imageId: _image, ...kept } = member
  await tellShares(records, 'share.image_deleted', { backup, members: [{ ...kept, updatedAt: at }] }, at)
}
