import { type ErrorCode, errors } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'

export interface SkippedOperation
  extends Pick<
    OperationLogRecord,
    'projectId' | 'requestId' | 'type' | 'resource' | 'providerId' | 'vaultId' | 'vaultName'
  > {
  readonly checkpointId: string
  readonly code: ErrorCode
  readonly at: Date
}

/** Logs a resource that was left out (semantics 2): ended before it began, with the reason. */
export async function noteSkipped(records: Pick<Records, 'operationLogs'>, skipped: SkippedOperation): Promise<void> {
  const { code, at, ...about } = skipped
  await records.operationLogs.insert([
    {
      ...about,
      id: crypto.randomUUID(),
      status: 'skipped',
      createdAt: at,
      startedAt: at,
      updatedAt: at,
      endedAt: at,
      errorCode: `BackupService.${code}`,
      errorMessage: errors[code][1],
      progress: 0,
      detail: {},
    },
  ])
}
