import type { PolicyoODCreate } from '../../contract/operations.gen.ts'
import type { Listing, Page } from './listing.ts'
import type { PolicyType } from './policy.ts'

/** A policy that every project of an account has (semantics 18): each one's own row is in `Policies`. */
export interface OrganizationPolicyRecord {
  readonly id: string
  readonly domainId: string
  readonly name: string
  readonly description: string
  readonly effectiveScope: string
  readonly operationType: PolicyType
  /** What it is called in the projects. */
  readonly policyName: string
  readonly enabled: boolean
  readonly definition: PolicyoODCreate
  readonly patterns: readonly string[]
  readonly startWindowMinutes?: number
  /** Patterns with an interval count from this moment's day, in every project. */
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface OrganizationPolicies {
  insert(policy: OrganizationPolicyRecord): Promise<void>
  find(domainId: string, id: string): Promise<OrganizationPolicyRecord | undefined>
  /** As `find`, and holds the row: the projects' policies come, change and go only under this lock. */
  lock(domainId: string, id: string): Promise<OrganizationPolicyRecord | undefined>
  /** Newest first, then by id. */
  list(
    domainId: string,
    filter: { readonly operationType?: string },
    page: Page,
  ): Promise<Listing<OrganizationPolicyRecord>>
  /** Of every account. */
  all(): Promise<readonly OrganizationPolicyRecord[]>
  /** All fields but the id. */
  replace(policy: OrganizationPolicyRecord): Promise<void>
  /** Fails while a project has it. */
  remove(id: string): Promise<void>
}
