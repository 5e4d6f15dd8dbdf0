import type { Listing, Order, Page } from './listing.ts'
import type { MemberStatus } from './member.ts'

export type BackupStatus =
  | 'waiting_protect'
  | 'protecting'
  | 'available'
  | 'error'
  | 'waiting_restore'
  | 'restoring'
  | 'waiting_delete'
  | 'deleting'

/**
 * One backup of one resource. A server's backup is a parent whose children (one per disk) hold the bytes; a disk's backup
 * holds its own. The manifest of the bytes has the id of the backup that holds them, in the realm of its project.
 */
export interface BackupRecord {
  readonly id: string
  readonly projectId: string
  readonly vaultId: string
  readonly checkpointId: string
  /** Set on a server backup's disk backups. */
  readonly parentId?: string
  readonly name: string
  readonly description: string
  readonly status: BackupStatus
  readonly imageType: 'backup' | 'replication'
  readonly resourceId: string
  readonly resourceName: string
  readonly resourceType: string
  readonly resourceSizeBytes: number
  readonly resourceAz: string
  /** The mode asked for; the first backup of a resource is full all the same. */
  readonly incremental: boolean
  /** What was done: nothing older was there to build on. */
  readonly full: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly protectedAt?: Date
  readonly expiredAt?: Date
  readonly autoTrigger: boolean
  readonly systemDisk: boolean
  readonly bootable: boolean
  readonly encrypted: boolean
  readonly containSystemDisk: boolean
  readonly enterpriseProjectId: string
  /** Sealed bytes counted against the sharer's vault: what this backup holds and the next older one of its disk does not. */
  readonly storedBytes: number
  /** Sealed bytes of all it refers to: what an accepting vault is charged. A parent has its children's sums. */
  readonly fullBytes: number
  /** Merkle root over the manifest, 64 hex digits, once available. */
  readonly digest?: string
  /** Running restores, image registrations and disk creations that read from it. */
  readonly uses: number
  /** What ShowMetadata answers for a server's backup. */
  readonly metadata?: ServerMetadata
}

/** Plain objects, rendered as JSON strings on the wire (semantics 5.8). */
export interface ServerMetadata {
  readonly backups: Readonly<Record<string, unknown>>
  readonly flavor: Readonly<Record<string, unknown>>
  readonly interface: readonly unknown[]
  readonly server: Readonly<Record<string, unknown>>
  readonly floatingips: readonly unknown[]
  readonly ports: readonly unknown[]
  readonly volumes: readonly unknown[]
}

export type BackupSortKey = 'created_at' | 'updated_at' | 'name' | 'status' | 'protected_at' | 'id'

export interface BackupFilter {
  /** `private`: the project's own; `shared`: those shared to it; `all_granted`: both. */
  readonly ownType: 'private' | 'shared' | 'all_granted'
  /** Of shared ones; without it rejected ones are left out. */
  readonly memberStatus?: MemberStatus
  readonly ids?: readonly string[]
  readonly checkpointId?: string
  /** Children are listed only by naming their parent. */
  readonly parentId?: string
  readonly resourceId?: string
  readonly resourceName?: string
  readonly resourceType?: string
  readonly resourceAz?: string
  readonly imageType?: string
  readonly name?: string
  readonly statuses?: readonly string[]
  /** For a shared backup: the accepting vault. */
  readonly vaultId?: string
  readonly createdFrom?: Date
  readonly createdTo?: Date
  readonly incremental?: boolean
  readonly enterpriseProjectId?: string
  /** Percent: backups in vaults whose used/size is at least this. */
  readonly usedPercent?: number
  /** Whether automatic backups without (true) or with (false) an expiry are wanted. */
  readonly keptByCount?: boolean
}

/** A backup as one project sees it; `member` is set when it is shared to that project. */
export interface VisibleBackup {
  readonly backup: BackupRecord
  readonly member?: { readonly status: MemberStatus; readonly vaultId?: string }
}

export type BackupPatch = Partial<Omit<BackupRecord, 'id' | 'projectId' | 'createdAt' | 'uses'>>

export interface Backups {
  insert(backups: readonly BackupRecord[]): Promise<void>
  /** By id alone: the caller of this decides who may see it. Parents and children alike. */
  find(id: string): Promise<BackupRecord | undefined>
  /** As `find`, and holds the row: shares, status and uses of it change only under this lock. */
  lock(id: string): Promise<BackupRecord | undefined>
  childrenOf(parentIds: readonly string[]): Promise<readonly BackupRecord[]>
  list(
    projectId: string,
    filter: BackupFilter,
    order: readonly Order<BackupSortKey>[],
    page: Page,
  ): Promise<Listing<VisibleBackup>>
  /** All rows, children included, that a vault, and there possibly one resource or checkpoint, has. */
  within(place: BackupPlace): Promise<readonly BackupRecord[]>
  /** Of the same rows only the ids and statuses, in no order: for who goes through all that a project has. */
  statuses(place: BackupPlace): Promise<readonly Pick<BackupRecord, 'id' | 'status'>[]>
  /** The newest of the same rows, or the one next to another; rows of equal age are ordered by their ids. */
  nearest(place: BackupPlace, look: NearestLook): Promise<BackupRecord | undefined>
  update(ids: readonly string[], patch: BackupPatch): Promise<void>
  /** Adds to `uses`. */
  use(id: string, by: 1 | -1): Promise<void>
  remove(ids: readonly string[]): Promise<void>
}

export interface BackupPlace {
  readonly projectId: string
  readonly vaultId?: string
  readonly resourceId?: string
  readonly checkpointId?: string
}

export interface NearestLook {
  readonly statuses: readonly BackupStatus[]
  /** Only those that were taken to the end. */
  readonly withBytes?: boolean
  /** Only automatic ones and those without an expiry. */
  readonly lasting?: boolean
  /** At most one of these two. */
  readonly olderThan?: Pick<BackupRecord, 'createdAt' | 'id'>
  readonly newerThan?: Pick<BackupRecord, 'createdAt' | 'id'>
}
