import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { condemnDisk } from '../volume/condemn-disk.ts'
import { importBeingSent } from './import-rules.ts'

/** What has been sent is thrown away. 6302 where there is none, or its backup has been begun. */
export async function abandonImport(
  { catalog, now, wake }: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  { projectId }: ProjectCaller,
  id: string,
): Promise<void> {
  await catalog.change(async records => {
    await condemnDisk(records, await importBeingSent(records, projectId, id, 'lock'), now())
  })
  wake()
}
