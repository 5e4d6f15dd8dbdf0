import { decline } from '../../contract/openstack-refusal.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { disksOf } from './image-rules.ts'
import { asImage, type Image, noImage } from './image-view.ts'

/** What of an image its owner can change. */
export interface ImageChange {
  readonly name?: string
  readonly tags?: readonly string[]
}

export async function updateImage(
  { catalog, now }: Pick<Ports, 'catalog' | 'now'>,
  caller: ProjectCaller,
  id: string,
  change: ImageChange,
): Promise<Image> {
  return catalog.change(async records => {
    const image = (await records.images.find(caller.projectId, id)) ?? decline(404, noImage(id))
    const patch = { ...change, updatedAt: now() }
    await records.images.update(id, patch)
    return asImage({ ...image, ...patch }, await disksOf(records, image.backupId))
  })
}
