import { decline } from '../../contract/openstack-refusal.ts'
import type { BackupBytes } from '../../ports/backup-bytes.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { disksOf } from './image-rules.ts'
import { noImage } from './image-view.ts'

/** The bytes of an image's system disk, to be read in any range. */
export interface ImageFile {
  readonly sizeBytes: number
  /** From `from` (inclusive) to `to` (exclusive). */
  stream(from: number, to: number): AsyncIterable<Uint8Array>
}

/** Undefined while the image has no data: it is still being made, or could not be. */
export async function openImageFile(
  { catalog, backupBytes }: Pick<Ports, 'catalog'> & { readonly backupBytes: Pick<BackupBytes, 'stream'> },
  caller: ProjectCaller,
  id: string,
): Promise<ImageFile | undefined> {
  const system = await catalog.read(async records => {
    const image = (await records.images.find(caller.projectId, id)) ?? decline(404, noImage(id))
    return image.status === 'active' ? (await disksOf(records, image.backupId))?.system : undefined
  })
  if (system === undefined) return undefined
  const holder = { projectId: system.projectId, backupId: system.id }
  return {
    sizeBytes: system.resourceSizeBytes,
    stream: (from, to) => backupBytes.stream(holder, from, to),
  }
}
