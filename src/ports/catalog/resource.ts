import type { ResourceType } from '../protectables.ts'

export type ProtectStatus = 'available' | 'error' | 'protecting' | 'restoring' | 'removing'

/** A protectable that has been put into a vault. */
export interface ResourceRecord {
  readonly vaultId: string
  readonly projectId: string
  readonly id: string
  readonly type: ResourceType
  readonly name: string
  readonly sizeBytes: number
  readonly protectStatus: ProtectStatus
  readonly autoProtect: boolean
  readonly excludeVolumes: readonly string[]
  readonly includeVolumes: readonly { readonly id: string; readonly os_version?: string }[]
  readonly addedAt: Date
  /** Bytes and number of its backups in this vault; kept in step by `tally`. */
  readonly backupBytes: number
  readonly backupCount: number
  /** When a backup of it was last made in full, and how many incremental ones came after that; kept by `taken`. */
  readonly lastFullAt?: Date
  readonly incrementals?: number
}

export interface Resources {
  /** Inserts, or replaces exclusions, name and size of what is in the vault already. */
  put(resource: ResourceRecord): Promise<void>
  /** Of each of the vaults, in order of adding, then id. */
  of(vaultIds: readonly string[]): Promise<readonly ResourceRecord[]>
  find(vaultId: string, id: string): Promise<ResourceRecord | undefined>
  /** Wherever in the project these are bound. */
  bound(projectId: string, ids: readonly string[]): Promise<readonly ResourceRecord[]>
  setStatus(vaultId: string, ids: readonly string[], status: ProtectStatus): Promise<void>
  setAutoProtect(vaultId: string, ids: readonly string[], autoProtect: boolean): Promise<void>
  tally(vaultId: string, id: string, bytes: number, backups: number): Promise<void>
  /** Notes that a backup was made: a full one at this moment, or without it one more incremental one. */
  taken(vaultId: string, id: string, fullAt?: Date): Promise<void>
  /** Moves rows, counts included, to another vault. */
  move(fromVaultId: string, ids: readonly string[], toVaultId: string): Promise<void>
  remove(vaultId: string, ids: readonly string[]): Promise<void>
}
