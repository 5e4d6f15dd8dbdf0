import type { ResourceType } from '../protectables.ts'

export type CheckpointStatus = 'available' | 'deleting' | 'protecting' | 'deleted' | 'error-deleting' | 'error'

/** What was asked to be backed up together, as it stood then. */
export interface CheckpointResource {
  readonly id: string
  readonly type: ResourceType
  readonly name: string
  readonly sizeBytes: number
}

export interface SkippedResource {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly code: string
  readonly reason: string
}

export interface CheckpointRecord {
  readonly id: string
  readonly projectId: string
  readonly vaultId: string
  readonly vaultName: string
  readonly name: string
  readonly description: string
  readonly status: CheckpointStatus
  readonly createdAt: Date
  readonly autoTrigger: boolean
  readonly incremental: boolean
  /** Days; -1 for ever. */
  readonly retentionDays: number
  readonly resources: readonly CheckpointResource[]
  readonly skipped: readonly SkippedResource[]
}

export interface Checkpoints {
  insert(checkpoint: CheckpointRecord): Promise<void>
  find(projectId: string, id: string): Promise<CheckpointRecord | undefined>
  /** As `find` by id alone, and holds the row. */
  lock(id: string): Promise<CheckpointRecord | undefined>
  setStatus(id: string, status: CheckpointStatus): Promise<void>
  remove(id: string): Promise<void>
  /** Every project that has one: whoever has a backup does. */
  projects(): Promise<readonly string[]>
}
