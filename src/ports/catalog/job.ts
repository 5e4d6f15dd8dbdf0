/** Work that outlives its request, claimed by one worker at a time. */

export type JobKind =
  | 'take-backup' // { backupId }: one resource of a checkpoint
  | 'restore-backup' // { backupId, targets: [{ backupId, diskId }], serverId?, powerOn }
  | 'delete-backup' // { backupId }: rows and manifests; space is the collector's
  | 'delete-vault' // { vaultId }
  | 'remove-resource' // { vaultId, resourceId }
  | 'register-image' // { imageId }
  | 'fill-disk' // { diskId, backupId? }: a new volume's bytes
  | 'remove-disk' // { diskId }
  | 'hold-backups' // { vaultId, backupId? }: how long those of a locked vault stay
  | 'collect-garbage' // { realm }
  | 'replicate-backup' // { recordId, name, description, retention? }: one backup to one destination
  | 'receive-replica' // { recordId, backupId, retention? }: the hold of an upload; claimed by it, run when nothing is heard of it
  | 'verify-backup' // { backupId, part }
  | 'deliver-events' // { webhookId }: one per webhook that something waits for, of the webhook's id
  | 'scrub' // { realm, ... }: one per realm, waiting for its next turn or at it (jobs/scrub.ts)

export interface JobRecord {
  readonly id: string
  readonly kind: JobKind
  readonly projectId: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly operationLogId?: string
  readonly createdAt: Date
  readonly runAfter: Date
  /** How often it has been claimed. */
  readonly attempts: number
  /** Which worker holds it, and until when unless it renews. */
  readonly claimedBy?: string
  readonly claimedUntil?: Date
}

export interface Jobs {
  insert(jobs: readonly JobRecord[]): Promise<void>
  /** As `insert`, unless one of that id waits or runs. */
  ensure(job: JobRecord): Promise<void>
  /**
   * Takes the oldest due job that nobody holds (or whose claim ran out), of these kinds; undefined
   * when there is none. Two workers never get the same one.
   */
  claim(worker: string, kinds: readonly JobKind[], now: Date, until: Date): Promise<JobRecord | undefined>
  /** Extends the claim; false when the worker no longer holds it (it must stop, and commit nothing). */
  renew(id: string, worker: string, until: Date): Promise<boolean>
  /** Whether the worker still holds it; asked inside the transaction that publishes a result. */
  holds(id: string, worker: string): Promise<boolean>
  /** Replaces the payload, so that a later run goes on from there; false when the worker no longer holds the job. */
  keep(id: string, worker: string, payload: JobRecord['payload']): Promise<boolean>
  /** Gives it back for another try. */
  release(id: string, worker: string, runAfter: Date): Promise<void>
  /** Done, one way or the other: the row goes, the operation log stays. */
  finish(id: string): Promise<void>
  /** At start: drops claims of workers whose name begins with this prefix (a process that is surely gone). */
  dropClaims(workerPrefix: string): Promise<number>
  /** Moves a job that nobody holds to another time. */
  postpone(id: string, runAfter: Date): Promise<void>
  /** Jobs that wait or run, of a project or of all. */
  open(projectId?: string, kinds?: readonly JobKind[]): Promise<readonly JobRecord[]>
}
