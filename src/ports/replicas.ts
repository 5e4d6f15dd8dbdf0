/**
 * Where replicas are made: this installation's own vaults, or those of another region. The side that has the backup asks
 * what is missing and sends that alone; chunks are named by the hashes of their content, and each side has names of its
 * own for them.
 *
 * A replica is begun, its chunks are stored, its disks are put, and it is finished: one *upload*, which lives as long as
 * it is heard of (UPLOAD_PATIENCE_MS). Each step can be repeated. An upload that has ended answers with a Fault
 * `conflict`, which passes: begin again. What the other side refuses is a Refusal, what fails there is a Fault.
 */
import type { PolicyoODCreate } from '../contract/operations.gen.ts'
import type { ServerMetadata } from './catalog/backup.ts'
import type { ObjectType, ProtectType, VaultStatus } from './catalog/vault.ts'

/** How long an upload that nothing is heard of is waited for. */
export const UPLOAD_PATIENCE_MS = 15 * 60_000

export interface ReplicaDoor {
  /** What there is in the destination before anything is begun; nothing is held by that. */
  look(asked: ReplicaLook): Promise<ReplicaGround>
  /** 6120, 6119, 6129, 1009. Again with the same record: the same rows, and what is stored is not asked for again. */
  begin(order: ReplicaOrder): Promise<BegunReplica>
  /** A byte for each hash (32 bytes): 1 where it has to be sent. A page counts as there when all it lists is, too. */
  missing(upload: Upload, offer: ReplicaOffer): Promise<Uint8Array>
  /** Durable when it resolves. 9900 for a chunk that is not what its hash says. */
  store(upload: Upload, chunks: readonly ReplicaChunk[]): Promise<void>
  /** 9900 where anything that the pages lead to is not there. */
  putDisk(upload: Upload, disk: ReplicaDisk): Promise<{ readonly digest: string }>
  /** The replica is available when it resolves. 9900 while a disk is missing. */
  finish(upload: Upload): Promise<void>
  /** Takes back what was begun; one that has ended is fine. */
  abandon(upload: Upload, failure: { readonly code: string; readonly message: string }): Promise<void>
}

export interface ReplicaLook {
  readonly projectId: string
  readonly vaultId: string
  /** Replicas that were made earlier. */
  readonly backupIds: readonly string[]
}

export interface ReplicaGround {
  readonly vault?: ReplicaVault
  /** Those of the earlier ones that are still there. */
  readonly existing: readonly string[]
}

export interface ReplicaVault {
  readonly status: VaultStatus
  readonly objectType: ObjectType
  readonly protectType: ProtectType
  readonly freeBytes: number
}

/** What the destination has to know of a backup. */
export interface ReplicaOrder {
  readonly recordId: string
  readonly projectId: string
  readonly vaultId: string
  readonly name: string
  readonly description: string
  readonly autoTrigger: boolean
  /** How long and how many the policy keeps, where a policy asks. */
  readonly retention?: Retention
  readonly source: ReplicaSource
  readonly backup: ReplicatedServer
}

export type Retention = Pick<
  PolicyoODCreate,
  | 'max_backups'
  | 'retention_duration_days'
  | 'day_backups'
  | 'week_backups'
  | 'month_backups'
  | 'year_backups'
  | 'timezone'
>

export interface ReplicaSource {
  readonly region: string
  readonly projectId: string
  readonly vaultId: string
  readonly backupId: string
  readonly checkpointId: string
}

interface Replicated {
  readonly resourceId: string
  readonly resourceName: string
  readonly resourceAz: string
  readonly sizeBytes: number
  readonly encrypted: boolean
}

export interface ReplicatedServer extends Replicated {
  readonly createdAt: Date
  readonly incremental: boolean
  readonly full: boolean
  readonly fullBytes: number
  readonly metadata?: ServerMetadata
  readonly disks: readonly ReplicatedDisk[]
}

export interface ReplicatedDisk extends Replicated {
  readonly bootable: boolean
  readonly systemDisk: boolean
  readonly full: boolean
}

/** `id` changes when an upload that has ended is begun again. */
export interface Upload {
  readonly projectId: string
  readonly id: string
}

export interface BegunReplica {
  readonly upload: Upload
  readonly backupId: string
  readonly checkpointId: string
  /** Ids of the replicas of the disks, in the order's order. */
  readonly disks: readonly string[]
  /** It was finished earlier, and only the answer was lost. */
  readonly finished: boolean
}

export interface ReplicaOffer {
  readonly kind: 'data' | 'page'
  /** 32 bytes each, one after the other; at most 1024. */
  readonly hashes: Uint8Array
}

export interface ReplicaChunk {
  readonly kind: 'data' | 'page'
  readonly hash: Uint8Array
  readonly content: Uint8Array
}

/** Chunks and bytes of content that one call may bring. */
export const MOST_CHUNKS = 32
export const MOST_HASHES = 1024

export interface ReplicaDisk {
  readonly backupId: string
  readonly sizeBytes: number
  /** A hash per page, 32 bytes each; zeros for a page of zeros. */
  readonly pages: Uint8Array
}

/** Another installation, as the operator has named it. */
export interface Peer {
  readonly region: string
  readonly door: ReplicaDoor
  /** Whether what the one project backs up here may go to the other project there. */
  allows(projectId: string, destinationProjectId: string): boolean
  /** A page of the project's vaults there, as ListVault answers them; with the total. */
  vaults(
    projectId: string,
    query: Readonly<Record<string, string>>,
  ): Promise<{ readonly vaults: readonly Readonly<Record<string, unknown>>[]; readonly count: number }>
}

export interface Replicas {
  /** Regions that replicas can go to, this one among them where the operator wants that. */
  readonly regions: readonly string[]
  /** This installation's own vaults. */
  readonly own: ReplicaDoor
  peer(region: string): Peer | undefined
}
