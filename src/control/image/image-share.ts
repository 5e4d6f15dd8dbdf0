import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'

/** An image that goes, or never came to be, no longer holds the share it was made of (A+img to A, semantics 8.7). */
export async function untieShare(
  records: Pick<Records, 'backups' | 'members'>,
  image: ImageRecord,
  at: Date,
): Promise<void> {
  await records.backups.lock(image.backupId)
  const member = await records.members.find(image.backupId, image.projectId)
  if (member?.imageId !== image.id) return
  await records.members.update(member.id, { imageId: null, updatedAt: at })
}
