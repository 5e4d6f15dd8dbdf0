/** Servers whose disks a running virtual machine has open: what is read of them has to come through that machine. */
import type { DiskLocation } from './disks.ts'

export interface Machines {
  /**
   * The disks as they all are at one moment from now, while the machine goes on writing. Undefined: this is the server of
   * no machine that can be asked, or its machine is off, so that its disks are read by themselves. What an earlier
   * process left in the machine is removed first. Faults: `conflict` (the machine runs and has no such disk, or somebody
   * else uses what this needs), `unavailable` (it does not answer), `corrupt` (what it answers makes no sense), `full`.
   */
  openMoment(request: MomentRequest): Promise<Moment | undefined>
}

export interface MomentRequest {
  readonly serverId: string
  /** At least one, all of this server. */
  readonly disks: readonly WantedDisk[]
}

export interface WantedDisk {
  readonly disk: DiskLocation
  /** The backup that is being made of it: what changes from that moment on is recorded under this id. */
  readonly backupId: string
  /** What has changed since this backup is wanted to be known, where the machine has recorded it. */
  readonly baseId?: string
}

/**
 * Ends with all that was made for it gone; that never rejects, since the machine may be gone too: what is left is removed
 * at the next moment.
 */
export interface Moment extends AsyncDisposable {
  /** In the order of the request; a reader opened there `changed()` where that is known. To be closed before this. */
  readonly locations: readonly DiskLocation[]
  /** Whether the guest had brought its file systems to rest. */
  readonly guest: GuestState
  /** Fault `changed` unless everything read so far was of that moment. Called when all has been read. */
  check(): Promise<void>
  /**
   * The backups are committed: changes are recorded against them from now on, and older records go. Without it, the
   * records go on as if there had been no attempt, so that no change is lost.
   */
  keep(): void
}

export type GuestState =
  | { readonly atRest: true }
  /** `why` is for the people of the project; absent where nobody was to be asked. */
  | { readonly atRest: false; readonly why?: string }
