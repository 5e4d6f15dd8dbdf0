import { refuse } from '../../contract/errors.ts'
import type { Export } from '../../contract/opencbr-api.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { asExport } from './export-view.ts'

/** One of the project's sessions: 6302 where there is none, or none any more. */
export async function showExport(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  id: string,
): Promise<Export> {
  const session = await catalog.read(({ exportSessions }) => exportSessions.find(caller.projectId, id))
  return asExport(session ?? refuse('6302', { export: id }))
}
