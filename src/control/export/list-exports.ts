import type { Export } from '../../contract/opencbr-api.ts'
import type { Page } from '../../ports/catalog/listing.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { asExport } from './export-view.ts'

/** The project's sessions, newest first, whichever process serves them. */
export async function listExports(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  filter: { readonly backupId?: string },
  page: Page,
): Promise<{ readonly exports: readonly Export[]; readonly count: number }> {
  const { rows, total } = await catalog.read(({ exportSessions }) =>
    exportSessions.list(caller.projectId, filter, page),
  )
  return { exports: rows.map(asExport), count: total }
}
