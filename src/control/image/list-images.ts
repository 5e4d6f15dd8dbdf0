import type { Page } from '../../ports/catalog/listing.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { imageDisks } from './image-rules.ts'
import { asImage, type Image } from './image-view.ts'

export interface ImageQuery {
  readonly name?: string
  readonly status?: string
  readonly owner?: string
  readonly visibility?: string
}

/** The project's images, newest first. All are private: nobody else's are seen, and none is public or shared. */
export async function listImages(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  query: ImageQuery,
  page: Page,
): Promise<readonly Image[]> {
  const { owner = caller.projectId, visibility = 'private', ...filter } = query
  if (owner !== caller.projectId || !['private', 'all'].includes(visibility)) return []
  return catalog.read(async records => {
    const { rows } = await records.images.list(caller.projectId, filter, page)
    const children = await records.backups.childrenOf(rows.map(image => image.backupId))
    const byBackup = Map.groupBy(children, child => child.parentId)
    return rows.map(image => asImage(image, imageDisks(byBackup.get(image.backupId) ?? [])))
  })
}
