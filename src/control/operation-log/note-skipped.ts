import { type ErrorCode, errors } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import type { Outbox } from '../webhook/tell.ts'
import { tellFailed } from './tell-failed.ts'

export interface SkippedOperation
  extends Pick<
    OperationLogRecord,
    | 'projectId'
    | 'requestId'
    | 'type'
    | 'resource'
    | 'providerId'
    | 'vaultId'
    | 'vaultName'
    | 'checkpointId'
    | 'policyId'
  > {
  readonly code: ErrorCode
  /** Where the table's own words do not say it. */
  readonly reason?: string
  /** What could have been done, and was refused, has failed; all else is skipped. */
  readonly status?: 'skipped' | 'failed'
  readonly at: Date
}

/** Logs what was left out (semantics 2), one resource or a policy's whole run: ended before it began, with the reason. */
export async function noteSkipped(
  records: Outbox & Pick<Records, 'operationLogs'>,
  skipped: SkippedOperation,
): Promise<void> {
  const { code, reason, at, status = 'skipped', ...about } = skipped
  const log: OperationLogRecord = {
    ...about,
    id: crypto.randomUUID(),
    status,
    createdAt: at,
    startedAt: at,
    updatedAt: at,
    endedAt: at,
    errorCode: `BackupService.${code}`,
    errorMessage: reason ?? errors[code][1],
    progress: 0,
    detail: {},
  }
  await records.operationLogs.insert([log])
  if (status === 'failed') await tellFailed(records, log, at)
}
