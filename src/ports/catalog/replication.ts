export type ReplicationStatus = 'waiting_replicate' | 'replicating' | 'success' | 'fail' | 'skip'

/**
 * One replica of one backup, or the attempt at one; each side of a replication between regions has the record under the
 * same id. It goes with the last of the two backups that this catalog has.
 */
export interface ReplicationRecord {
  readonly id: string
  readonly status: ReplicationStatus
  readonly sourceRegion: string
  readonly sourceProjectId: string
  readonly sourceVaultId: string
  readonly sourceBackupId: string
  readonly sourceCheckpointId: string
  readonly destinationRegion: string
  readonly destinationProjectId: string
  readonly destinationVaultId: string
  /** Once the destination has given them. */
  readonly destinationBackupId?: string
  readonly destinationCheckpointId?: string
  readonly autoTrigger: boolean
  /** 0 to 100. */
  readonly progress: number
  /** Both empty unless it failed. */
  readonly failCode: string
  readonly failReason: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type ReplicationPatch = Partial<
  Pick<
    ReplicationRecord,
    'status' | 'destinationBackupId' | 'destinationCheckpointId' | 'progress' | 'failCode' | 'failReason' | 'updatedAt'
  >
>

export interface Replications {
  insert(record: ReplicationRecord): Promise<void>
  find(id: string): Promise<ReplicationRecord | undefined>
  /** Of which one of the backups is the source or the replica; oldest first. */
  ofBackups(backupIds: readonly string[]): Promise<readonly ReplicationRecord[]>
  /** Waiting or running, with the vault as source or as destination. */
  runningIn(vaultId: string): Promise<readonly ReplicationRecord[]>
  update(id: string, patch: ReplicationPatch): Promise<void>
  remove(id: string): Promise<void>
  /** After a backup's row has gone: removes its records, but those whose other backup is in this catalog. */
  forget(backupId: string): Promise<void>
}
