import type { PolicyoODCreate } from '../../contract/operations.gen.ts'

export type PolicyType = 'backup' | 'replication'

/** When a project's backups (or replicas) are made, and how long they are kept (semantics 9 and 10). */
export interface PolicyRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly enabled: boolean
  readonly operationType: PolicyType
  /** As the client sent it last: what it left out is not there. */
  readonly definition: PolicyoODCreate
  readonly triggerId: string
  /** Word for word, in the client's order. */
  readonly patterns: readonly string[]
  readonly startWindowMinutes?: number
  /** Patterns with an interval count from this moment's day (UTC). */
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Where it comes from, if not from the project: then only the account changes it (semantics 18). */
  readonly organizationPolicyId?: string
}

/** `null` switches the start window off. */
export type PolicyPatch = Partial<Pick<PolicyRecord, 'name' | 'enabled' | 'definition' | 'patterns' | 'updatedAt'>> & {
  readonly startWindowMinutes?: number | null
}

export interface Policies {
  insert(policy: PolicyRecord): Promise<void>
  find(projectId: string, id: string): Promise<PolicyRecord | undefined>
  /** As `find`, and holds the row: what it says, and where it is applied, changes only under this lock. */
  lock(projectId: string, id: string): Promise<PolicyRecord | undefined>
  /** All there are, newest first, then by id; `vaultId`: those applied to it. */
  list(
    projectId: string,
    filter: { readonly operationType?: string; readonly vaultId?: string },
  ): Promise<readonly PolicyRecord[]>
  /** What has come of these policies of the account, in order of id. */
  rolledOut(organizationPolicyIds: readonly string[]): Promise<readonly PolicyRecord[]>
  update(id: string, patch: PolicyPatch): Promise<void>
  /** Fails while it is applied to a vault. */
  remove(id: string): Promise<void>
}
