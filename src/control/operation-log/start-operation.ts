import type { Records } from '../../ports/catalog/catalog.ts'
import type { JobKind } from '../../ports/catalog/job.ts'
import type { OperationLogRecord, OperationType } from '../../ports/catalog/operation-log.ts'

export interface Operation {
  readonly type: OperationType
  readonly projectId: string
  readonly requestId: string
  readonly at: Date
  readonly resource: OperationLogRecord['resource']
  readonly detail: OperationLogRecord['detail']
  readonly job: JobKind
  readonly payload: Readonly<Record<string, unknown>>
  readonly providerId?: string
  readonly vault?: { readonly id: string; readonly name: string }
  readonly checkpointId?: string
}

/**
 * Writes the operation log and the job of an accepted asynchronous call; both are there before the call answers
 * (semantics 2). Called inside the transaction that changes the state. Answers the operation log's id.
 */
export async function startOperation(records: Records, operation: Operation): Promise<string> {
  const id = crypto.randomUUID()
  const { at, projectId, vault } = operation
  await records.operationLogs.insert([
    {
      id,
      projectId,
      type: operation.type,
      status: 'waiting',
      createdAt: at,
      startedAt: at,
      updatedAt: at,
      ...(operation.providerId && { providerId: operation.providerId }),
      ...(vault && { vaultId: vault.id, vaultName: vault.name }),
      ...(operation.checkpointId && { checkpointId: operation.checkpointId }),
      errorCode: '',
      errorMessage: '',
      progress: 0,
      requestId: operation.requestId,
      resource: operation.resource,
      detail: operation.detail,
    },
  ])
  await records.jobs.insert([
    {
      id: crypto.randomUUID(),
      kind: operation.job,
      projectId,
      payload: operation.payload,
      operationLogId: id,
      createdAt: at,
      runAfter: at,
      attempts: 0,
    },
  ])
  return id
}
