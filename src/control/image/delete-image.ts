import { decline } from '../../contract/openstack-refusal.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { untieShare } from './image-share.ts'
import { noImage } from './image-view.ts'

/** Deletes one image; disks made of it stay. A job still making it finds it gone and ends. */
export async function deleteImage(
  { catalog, now }: Pick<Ports, 'catalog' | 'now'>,
  caller: ProjectCaller,
  id: string,
): Promise<void> {
  await catalog.change(async records => {
    const image = (await records.images.find(caller.projectId, id)) ?? decline(404, noImage(id))
    await untieShare(records, image, now())
    await records.images.remove(image.id)
  })
}
