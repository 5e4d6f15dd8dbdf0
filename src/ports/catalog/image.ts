import type { Listing, Page } from './listing.ts'

/** A whole image registered from a backup. It holds no bytes of its own: its data is the backup's. */
export interface ImageRecord {
  readonly id: string
  readonly projectId: string
  /** The server backup it was made of; own or shared to the project. */
  readonly backupId: string
  readonly name: string
  readonly description: string
  /** Glance's words. */
  readonly status: 'queued' | 'saving' | 'active' | 'error'
  readonly jobId: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly minDiskGb: number
  /** Of the system disk. */
  readonly sizeBytes: number
  readonly failure?: string
  readonly tags: readonly string[]
}

export interface Images {
  insert(image: ImageRecord): Promise<void>
  find(projectId: string, id: string): Promise<ImageRecord | undefined>
  findByJob(projectId: string, jobId: string): Promise<ImageRecord | undefined>
  /** Every project's images of these backups. */
  ofBackups(backupIds: readonly string[]): Promise<readonly ImageRecord[]>
  list(
    projectId: string,
    filter: { readonly name?: string; readonly status?: string },
    page: Page,
  ): Promise<Listing<ImageRecord>>
  update(
    id: string,
    patch: Partial<Pick<ImageRecord, 'status' | 'updatedAt' | 'failure' | 'name' | 'tags'>>,
  ): Promise<void>
  remove(id: string): Promise<void>
}
