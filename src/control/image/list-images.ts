import { MOST_ROWS } from '../../contract/paging.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
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
  /** An image has all of them. */
  readonly tags?: readonly string[]
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
    const rows = await imagesOf(records, caller.projectId, filter, page)
    const children = await records.backups.childrenOf(rows.map(image => image.backupId))
    const byBackup = Map.groupBy(children, child => child.parentId)
    return rows.map(image => asImage(image, imageDisks(byBackup.get(image.backupId) ?? [])))
  })
}

/** Tags are one text to the engines, so that they are looked for here; images are as few as the servers behind them. */
async function imagesOf(
  { images }: Pick<Records, 'images'>,
  projectId: string,
  { tags = [], ...filter }: Pick<ImageQuery, 'name' | 'status' | 'tags'>,
  page: Page,
): Promise<readonly ImageRecord[]> {
  if (tags.length === 0) return (await images.list(projectId, filter, page)).rows
  const tagged: ImageRecord[] = []
  const end = page.offset + page.limit
  for (let { after } = page; ; ) {
    const next = { limit: MOST_ROWS, offset: 0, ...(after !== undefined && { after }) }
    const { rows } = await images.list(projectId, filter, next)
    tagged.push(...rows.filter(image => tags.every(tag => image.tags.includes(tag))))
    if (tagged.length >= end || rows.length < MOST_ROWS) return tagged.slice(page.offset, end)
    after = rows.at(-1)?.id
  }
}
