import type { Listing, Order, Page } from './listing.ts'

export type MemberStatus = 'pending' | 'accepted' | 'rejected'

/** One project invited to one backup (semantics 8.3). */
export interface MemberRecord {
  readonly id: string
  readonly backupId: string
  readonly destProjectId: string
  readonly status: MemberStatus
  readonly createdAt: Date
  readonly updatedAt?: Date
  /** The accepting vault, while accepted. */
  readonly vaultId?: string
  /** The image the recipient registered. */
  readonly imageId?: string
  /** Bytes charged to the accepting vault. */
  readonly chargedBytes: number
}

/** A record is known within its backup. */
export type MemberKey = Pick<MemberRecord, 'backupId' | 'id'>

export interface MemberFilter {
  readonly destProjectId?: string
  readonly imageId?: string
  readonly status?: MemberStatus
  readonly vaultId?: string
}

export type MemberSortKey = 'created_at' | 'updated_at' | 'status' | 'id' | 'dest_project_id'

/** An absent optional field of the patch stays; `null` empties it. */
export interface MemberPatch {
  readonly status?: MemberStatus
  readonly updatedAt?: Date
  readonly vaultId?: string | null
  readonly imageId?: string | null
  readonly chargedBytes?: number
}

export interface Members {
  /** Writes one row per record, in the order given. The caller holds the backup's lock. */
  insert(members: readonly MemberRecord[]): Promise<void>
  /** All of a backup, oldest first. */
  of(backupId: string): Promise<readonly MemberRecord[]>
  /** By the recipient's project, or by the record's own id (semantics 8.3). */
  find(backupId: string, member: string): Promise<MemberRecord | undefined>
  list(
    backupId: string,
    filter: MemberFilter,
    order: readonly Order<MemberSortKey>[],
    page: Page,
  ): Promise<Listing<MemberRecord>>
  /** All that were accepted into a vault. */
  inVault(vaultId: string): Promise<readonly MemberRecord[]>
  update(member: MemberKey, patch: MemberPatch): Promise<void>
  remove(backupId: string, ids: readonly string[]): Promise<void>
  /** Whether any share record links the two projects, whichever of them is the sharer. */
  linked(oneProjectId: string, otherProjectId: string): Promise<boolean>
}
