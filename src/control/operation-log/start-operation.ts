import type { ErrorCode } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { JobKind } from '../../ports/catalog/job.ts'
import type { OperationLogRecord, OperationType } from '../../ports/catalog/operation-log.ts'
import type { Outbox } from '../webhook/tell.ts'
import { tellFailed } from './tell-failed.ts'

/** What an operation log says from the start. */
export interface Logged {
  readonly type: OperationType
  readonly projectId: string
  readonly requestId: string
  readonly at: Date
  readonly resource: OperationLogRecord['resource']
  readonly detail: OperationLogRecord['detail']
  readonly providerId?: string
  readonly vault?: { readonly id: string; readonly name: string }
  readonly checkpointId?: string
  readonly policyId?: string
}

export interface Operation extends Logged {
  readonly job: JobKind
  readonly payload: Readonly<Record<string, unknown>>
}

/**
 * Writes the operation log and the job of an accepted asynchronous call; both are there before the call answers
 * (semantics 2). Called inside the transaction that changes the state. Answers the operation log's id.
 */
export async function startOperation(records: Records, operation: Operation): Promise<string> {
  const { at, projectId } = operation
  const log = asLog(operation)
  await records.operationLogs.insert([log])
  await records.jobs.insert([
    {
      id: crypto.randomUUID(),
      kind: operation.job,
      projectId,
      payload: operation.payload,
      operationLogId: log.id,
      createdAt: at,
      runAfter: at,
      attempts: 0,
    },
  ])
  return log.id
}

/** Work that has ended with the call; `failure` where it came to nothing. */
export interface Done extends Logged {
  readonly failure?: { readonly code: ErrorCode; readonly message: string }
}

/** Writes the log of work that the call has done by itself, in its transaction. Answers the log's id. */
export async function recordOperation(
  records: Outbox & Pick<Records, 'operationLogs'>,
  operation: Done,
): Promise<string> {
  const log = asLog(operation)
  const { failure, at } = operation
  const end = failure
    ? ({ status: 'failed', errorCode: `BackupService.${failure.code}`, errorMessage: failure.message } as const)
    : ({ status: 'success', progress: 100 } as const)
  const ended = { ...log, ...end, endedAt: at }
  await records.operationLogs.insert([ended])
  if (failure) await tellFailed(records, ended, at)
  return log.id
}

function asLog(operation: Logged): OperationLogRecord {
  const { at, vault } = operation
  return {
    id: crypto.randomUUID(),
    projectId: operation.projectId,
    type: operation.type,
    status: 'waiting',
    createdAt: at,
    startedAt: at,
    updatedAt: at,
    ...(operation.providerId && { providerId: operation.providerId }),
    ...(vault && { vaultId: vault.id, vaultName: vault.name }),
    ...(operation.checkpointId && { checkpointId: operation.checkpointId }),
    ...(operation.policyId && { policyId: operation.policyId }),
    errorCode: '',
    errorMessage: '',
    progress: 0,
    requestId: operation.requestId,
    resource: operation.resource,
    detail: operation.detail,
  }
}
