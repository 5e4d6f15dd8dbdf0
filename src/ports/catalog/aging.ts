/** Where a walk over aging rows has come to; each page begins behind the last row of the one before. */
export interface AgingBackup {
  readonly id: string
  /** The moment it is ordered by: its expiry, or its creation. */
  readonly at: Date
}

/** What the clock alone makes ready to go, of all projects. Only whole backups, oldest first, then by id. */
export interface Aging {
  /** Whose expiry has come: available ones, and manual ones that have failed. */
  expired(now: Date, limit: number, after?: AgingBackup): Promise<readonly AgingBackup[]>
  /** Failed automatic ones made before that. */
  failed(before: Date, limit: number, after?: AgingBackup): Promise<readonly AgingBackup[]>
}
