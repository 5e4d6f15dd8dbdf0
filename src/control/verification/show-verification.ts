import { refuse } from '../../contract/errors.ts'
import type { OpExtendInfoVerify } from '../../contract/operations.gen.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'

/** A verification on the wire. What was found is told once it has ended. */
export interface Verification extends OpExtendInfoVerify {
  readonly id: string
  readonly project_id: string
  readonly status: OperationLogRecord['status']
  /** Percent. */
  readonly progress: number
  readonly created_at: string
  readonly ended_at?: string
  readonly error_info: { readonly code: string; readonly message: string }
}

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
