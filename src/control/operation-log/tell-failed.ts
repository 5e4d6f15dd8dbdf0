import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import { type Outbox, tell } from '../webhook/tell.ts'
import { asOperationLog } from './operation-log-view.ts'

/** A task has failed, in the transaction that writes it down. */
export const tellFailed = (records: Outbox, log: OperationLogRecord, at: Date): Promise<void> =>
  tell(
    records,
    () => [{ projectId: log.projectId, type: 'task.failed', data: { operation_log: asOperationLog(log) } }],
    at,
  )
