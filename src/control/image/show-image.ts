import { decline } from '../../contract/openstack-refusal.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { disksOf } from './image-rules.ts'
import { asImage, type Image, noImage } from './image-view.ts'

export async function showImage(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  id: string,
): Promise<Image> {
  return catalog.read(async records => {
    const image = (await records.images.find(caller.projectId, id)) ?? decline(404, noImage(id))
    return asImage(image, await disksOf(records, image.backupId))
  })
}
