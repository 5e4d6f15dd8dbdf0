import { refuse } from '../../contract/errors.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { endSession } from './export-rules.ts'

/** Ends a session: 6302 where there is none. Where another process serves it, its clients are cut off within a second. */
export async function deleteExport(
  { catalog, exports }: Pick<Ports, 'catalog' | 'exports'>,
  caller: ProjectCaller,
  id: string,
): Promise<void> {
  await catalog.change(async records => {
    const session = await records.exportSessions.find(caller.projectId, id)
    await endSession(records, session ?? refuse('6302', { export: id }))
  })
  await exports.close(id)
}
