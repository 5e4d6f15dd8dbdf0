import type { Import } from '../../contract/opencbr-api.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { importBeingSent } from './import-rules.ts'
import { asImport } from './import-view.ts'

/** Where an import that broke off goes on. 6302 where there is none, or its backup has been begun. */
export async function showImport(
  { catalog }: Pick<Ports, 'catalog'>,
  { projectId }: ProjectCaller,
  id: string,
): Promise<Import> {
  return asImport(await catalog.read(records => importBeingSent(records, projectId, id, 'find')))
}
