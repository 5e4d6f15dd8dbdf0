export interface TagRecord {
  readonly vaultId: string
  readonly key: string
  readonly value: string
}

/** Tags of vaults; one value per key and vault. */
export interface Tags {
  /** Inserts, or overwrites the key's value. */
  put(tags: readonly TagRecord[], projectId: string): Promise<void>
  /** By vault, then in order of key. */
  of(vaultIds: readonly string[]): Promise<readonly TagRecord[]>
  ofProject(projectId: string): Promise<readonly TagRecord[]>
  remove(vaultId: string, keys: readonly string[]): Promise<void>
}
