import type { Listing, Page } from './listing.ts'

export type VaultStatus = 'available' | 'lock' | 'frozen' | 'deleting' | 'error'
export type ObjectType = 'server' | 'disk' | 'turbo' | 'workspace' | 'vmware' | 'rds' | 'file'
export type ProtectType = 'backup' | 'replication' | 'hybrid'
export type ConsistentLevel = 'app_consistent' | 'crash_consistent'

export interface VaultRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly description: string
  readonly userId: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly status: VaultStatus
  readonly objectType: ObjectType
  readonly protectType: ProtectType
  readonly consistentLevel: ConsistentLevel
  readonly cloudType: 'public' | 'hybrid'
  readonly chargingMode: 'post_paid' | 'pre_paid'
  readonly sizeGb: number
  /** Bytes its backups hold and its accepted shares occupy; kept in step with them by `charge`. */
  readonly usedBytes: number
  readonly isMultiAz: boolean
  readonly autoBind: boolean
  readonly autoExpand: boolean
  readonly smnNotify: boolean
  readonly threshold: number
  readonly locked: boolean
  readonly demandBilling: boolean
  readonly enterpriseProjectId: string
  readonly bindTags: readonly { readonly key: string; readonly value: string }[]
  readonly backupNamePrefix?: string
  readonly availabilityZone?: string
  readonly sysLockSourceService?: string
  /** The order that shaped it last; means something only while it is `pre_paid`. */
  readonly orderId?: string
}

export interface VaultFilter {
  readonly ids?: readonly string[]
  readonly name?: string
  readonly objectType?: string
  readonly protectType?: string
  readonly cloudType?: string
  readonly status?: string
  readonly enterpriseProjectId?: string
  readonly availabilityZone?: string
  /** Vaults in which at least one of these resources is. */
  readonly resourceIds?: readonly string[]
  /** Vaults that this policy is applied to. */
  readonly policyId?: string
}

export type VaultPatch = Partial<Omit<VaultRecord, 'id' | 'projectId' | 'createdAt' | 'usedBytes'>>

export interface Vaults {
  insert(vault: VaultRecord): Promise<void>
  find(projectId: string, id: string): Promise<VaultRecord | undefined>
  /** What `find` would tell of the status: all that a share has to know, at a third of the cost. */
  statusOf(projectId: string, id: string): Promise<VaultStatus | undefined>
  /** As `find`, and holds the row: no other transaction changes or locks it until this one ends. */
  lock(projectId: string, id: string): Promise<VaultRecord | undefined>
  /** Newest first, then by id. */
  list(projectId: string, filter: VaultFilter, page: Page): Promise<Listing<VaultRecord>>
  update(id: string, patch: VaultPatch): Promise<void>
  /** Adds bytes (negative: frees) to what the vault holds; never below zero. What grows it is control/vault/occupy.ts alone. */
  charge(id: string, bytes: number): Promise<void>
  /** With its resources, tags and the checkpoints that have no backup; fails while a backup or an accepted share is in it. */
  remove(id: string): Promise<void>
}
