import type { Listing, Page } from './listing.ts'

/**
 * Instant access to one disk backup, served by one process (`heldBy`) until `expiresAt`. The row is what allows it: the
 * process asks for it again and again, and renews `heldUntil`; what has lapsed is another process's to clear away. While
 * there is a row, the backup's `uses` counts it.
 */
export interface ExportSessionRecord {
  readonly id: string
  /** Of who made it: the backup's own project, or one that accepted its share. */
  readonly projectId: string
  readonly userId: string
  /** A disk's backup. */
  readonly backupId: string
  readonly listen: 'unix' | 'tcp'
  /** Whether it takes writes, into an overlay that ends with it. */
  readonly overlay: boolean
  readonly sizeBytes: number
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly heldBy: string
  readonly heldUntil: Date
}

export interface ExportSessions {
  insert(session: ExportSessionRecord): Promise<void>
  find(projectId: string, id: string): Promise<ExportSessionRecord | undefined>
  /** Newest first, then by id. */
  list(projectId: string, filter: { readonly backupId?: string }, page: Page): Promise<Listing<ExportSessionRecord>>
  /** Of every project: those of one process, or all. Oldest first. */
  open(heldBy?: string): Promise<readonly ExportSessionRecord[]>
  renew(heldBy: string, until: Date): Promise<void>
  /** Whether it was there. */
  remove(id: string): Promise<boolean>
}
