import type { Listing, Page } from './listing.ts'

/** Who did what, from where, with what result. Never changed, never holds a secret. */
export interface AuditRecord {
  readonly id: string
  readonly at: Date
  readonly projectId: string
  readonly userId: string
  readonly userName: string
  /** The operation's name, such as AddMember. */
  readonly operation: string
  readonly resourceId: string
  readonly sourceIp: string
  readonly requestId: string
  /** HTTP status of the answer, and the error code where it was a refusal. */
  readonly status: number
  readonly errorCode: string
}

export interface Audits {
  append(record: AuditRecord): Promise<void>
  /** Newest first. */
  list(
    projectId: string,
    filter: { readonly resourceId?: string; readonly operation?: string },
    page: Page,
  ): Promise<Listing<AuditRecord>>
}
