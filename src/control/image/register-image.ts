import { refuse } from '../../contract/errors.ts'
import { asGb } from '../../contract/sizes.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { Ports } from '../../ports/ports.ts'
import { lockStanding, type Standing } from '../member/find-shared.ts'
import { tellShares } from '../member/share-events.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkImageable, checkNoneMade, disksOf } from './image-rules.ts'

export interface ImageOrder {
  readonly name: string
  readonly description: string
  readonly backupId: string
  readonly tags: readonly string[]
}

/**
 * Registers a whole image of a server backup, one's own or an accepted share's. The share is tied to the image from
 * here on (state A+img), so that it cannot be revoked while the image is being made.
 */
export async function registerImage(
  ports: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  caller: ProjectCaller,
  order: ImageOrder,
): Promise<{ readonly job_id: string }> {
  const jobId = await ports.catalog.change(async records => {
    const standing = await lockStanding(records, caller.projectId, order.backupId)
    checkImageable(standing)
    await makeRoom(records, caller.projectId, order.backupId)
    const image = await imageOf(records, caller.projectId, order, ports.now())
    await records.images.insert(image)
    await tieShare(records, standing, image)
    await records.jobs.insert([
      {
        id: image.jobId,
        kind: 'register-image',
        projectId: caller.projectId,
        payload: { imageId: image.id },
        createdAt: image.createdAt,
        runAfter: image.createdAt,
        attempts: 0,
      },
    ])
    return image.jobId
  })
  ports.wake()
  return { job_id: jobId }
}

async function makeRoom(records: Records, projectId: string, backupId: string): Promise<void> {
  const images = (await records.images.ofBackups([backupId])).filter(image => image.projectId === projectId)
  checkNoneMade(images)
  for (const failed of images) await records.images.remove(failed.id)
}

async function imageOf(records: Records, projectId: string, order: ImageOrder, at: Date): Promise<ImageRecord> {
  const disks = (await disksOf(records, order.backupId)) ?? refuse('6209', { backup: order.backupId })
  return {
    id: crypto.randomUUID(),
    projectId,
    backupId: order.backupId,
    name: order.name,
    description: order.description,
    status: 'queued',
    jobId: crypto.randomUUID(),
    createdAt: at,
    updatedAt: at,
    minDiskGb: asGb(disks.system.resourceSizeBytes),
    sizeBytes: disks.system.resourceSizeBytes,
    tags: order.tags,
  }
}

async function tieShare(records: Records, standing: Standing, { id: imageId, createdAt }: ImageRecord): Promise<void> {
  if (standing.role === 'sharer') return
  const { backup, own } = standing
  const tied = { ...own, imageId, updatedAt: createdAt }
  await records.members.update(own, { imageId, updatedAt: createdAt })
  await tellShares(records, 'share.image_registered', { backup, members: [tied] }, createdAt)
}
