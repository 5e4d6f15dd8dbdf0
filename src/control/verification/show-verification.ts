import { refuse } from '../../contract/errors.ts'
import type { Verification } from '../../contract/opencbr-api.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'

/** 6500 where the project has no such verification. */
export async function showVerification(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  id: string,
): Promise<{ readonly verification: Verification }> {
  const log = await catalog.read(({ operationLogs }) => operationLogs.find(caller.projectId, id))
  const found = log?.detail.verify
  if (log === undefined || found === undefined) refuse('6500', { verification: id })
  return {
    verification: {
      id: log.id,
      project_id: log.projectId,
      status: log.status,
      progress: log.progress,
      created_at: asTimestamp(log.createdAt),
      ...(log.endedAt && { ended_at: asTimestamp(log.endedAt) }),
      error_info: { code: log.errorCode, message: log.errorMessage },
      ...found,
    },
  }
}
