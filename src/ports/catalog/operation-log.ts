import type { OpExtraInfo } from '../../contract/operations.gen.ts'
import type { Listing, Page } from './listing.ts'

export type OperationType =
  | 'backup'
  | 'copy'
  | 'replication'
  | 'restore'
  | 'delete'
  | 'sync'
  | 'vault_delete'
  | 'remove_resource'
  | 'verify' // ours: its logs carry no type on the wire, since the vendor's clients know none
export type OperationStatus = 'success' | 'skipped' | 'failed' | 'running' | 'timeout' | 'waiting'

/** A task as the client sees it (semantics 13). It outlives what it worked on. */
export interface OperationLogRecord {
  readonly id: string
  readonly projectId: string
  readonly type: OperationType
  readonly status: OperationStatus
  readonly createdAt: Date
  readonly startedAt: Date
  readonly updatedAt: Date
  readonly endedAt?: Date
  readonly providerId?: string
  readonly vaultId?: string
  readonly vaultName?: string
  readonly checkpointId?: string
  readonly policyId?: string
  /** Both empty unless it failed. */
  readonly errorCode: string
  readonly errorMessage: string
  /** 0 to 100. */
  readonly progress: number
  readonly requestId: string
  readonly resource: { readonly id: string; readonly name: string; readonly type: string }
  /** The part that belongs to the type: backup, restore, delete, ... */
  readonly detail: Omit<OpExtraInfo, 'common' | 'resource'>
}

export interface OperationLogFilter {
  readonly type?: string
  readonly status?: string
  readonly providerId?: string
  readonly resourceId?: string
  readonly resourceName?: string
  readonly vaultId?: string
  readonly vaultName?: string
  /** Of the vault, as it is now; a task of none, or of one that is gone, is in the default one. */
  readonly enterpriseProjectId?: string
  /** Compares with the start, and with the end. */
  readonly startedFrom?: Date
  readonly endedTo?: Date
  /** Of replications: no other task has a destination. */
  readonly destinationRegion?: string
  readonly destinationProjectId?: string
}

export type OperationLogPatch = Partial<
  Pick<
    OperationLogRecord,
    'status' | 'startedAt' | 'updatedAt' | 'endedAt' | 'errorCode' | 'errorMessage' | 'progress' | 'detail'
  >
>

export interface OperationLogs {
  insert(logs: readonly OperationLogRecord[]): Promise<void>
  find(projectId: string, id: string): Promise<OperationLogRecord | undefined>
  /** Newest first, then by id. */
  list(projectId: string, filter: OperationLogFilter, page: Page): Promise<Listing<OperationLogRecord>>
  /** Leaves a log in a final status (success, skipped, failed, timeout) as it is. */
  update(id: string, patch: OperationLogPatch): Promise<void>
  /** Deletes finished logs older than that; answers how many. */
  removeEndedBefore(at: Date): Promise<number>
}
