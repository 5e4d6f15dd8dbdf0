import type { Datastore } from '../datastore/datastore.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { Disks } from '../ports/disks.ts'
import type { Machines } from '../ports/machines.ts'
import type { Ports } from '../ports/ports.ts'

/** What a job may reach: the rules' rows and clock, and the bytes, which rules never touch. */
export interface JobPorts
  extends Pick<Ports, 'catalog' | 'now' | 'log' | 'settings' | 'uploads' | 'wake' | 'replicas' | 'events' | 'secrets'> {
  readonly datastore: Datastore
  readonly disks: Disks
  /** Without it, all disks are read by themselves. */
  readonly machines?: Machines
  /** Without it nothing is held back, and scrubs do not come by themselves. */
  readonly integrity?: Integrity
}

/** How work that nobody waits for is held back; bytes a second, Infinity for as fast as it goes. */
export interface Integrity {
  /** Absent: nothing is scrubbed. */
  readonly scrub?: { readonly everyDays: number; readonly bytesPerSecond: number } | undefined
  readonly collectBytesPerSecond: number
  readonly verifyBytesPerSecond: number
}

/** One run of one claimed job. */
export interface JobContext {
  /** Aborted when the claim is lost or the runner stops; hand it to everything slow and let its error pass. */
  readonly signal: AbortSignal
  /** The name under which the job is claimed. */
  readonly worker: string
  /** Percent done, 0 to 100, for the operation log. Cheap: written at most once a second. */
  readonly progress: (percent: number) => void
}

/**
 * Jobs of a lane wait for each other only, so that a long backup holds up neither a restore nor a deletion.
 * `backup` and `restore` move bytes; `light` touches rows and manifests; `collect` mostly waits for writers, so that
 * several realms can do so at once; `verify` and `scrub` read; `replicate` and `notify` mostly wait for others.
 */
export type Lane = 'backup' | 'restore' | 'light' | 'collect' | 'verify' | 'scrub' | 'replicate' | 'notify'

/** Why a job was given up, for the operation log: a code of contract/errors.ts, and words for the project's people. */
export interface Failure {
  readonly code: string
  readonly message: string
}

export interface JobType {
  readonly lane: Lane
  /** A run that fails for a passing reason is the last one when it has been claimed this often, interruptions included. */
  readonly mostAttempts: number
  /**
   * Does the work from whatever point an earlier run left it at, and ends with `publish` (publish.ts). Throws a
   * JobFailure or a permanent Fault to be given up, any other Fault to be tried again later.
   */
  readonly run: (ports: JobPorts, job: JobRecord, context: JobContext) => Promise<void>
  /**
   * Leaves the transitional states when the job is given up. Runs in the transaction that fails the operation log and
   * removes the job; it only reads and writes records.
   */
  readonly giveUp?: (records: Records, job: JobRecord, failure: Failure, at: Date) => Promise<void>
}
