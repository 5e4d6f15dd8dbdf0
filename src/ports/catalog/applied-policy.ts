import type { PolicyType } from './policy.ts'

/** A policy applied to a vault: at most one of each type. */
export interface AppliedPolicyRecord {
  readonly vaultId: string
  readonly operationType: PolicyType
  readonly projectId: string
  readonly policyId: string
  /** Where a replication policy's replicas go. */
  readonly destinationVaultId?: string
  /** The latest due time that has been dealt with, run or skipped: no earlier one ever comes again. */
  readonly lastDue?: Date
  /** When it runs next; absent while the policy is disabled. */
  readonly nextDue?: Date
}

/** Names one, and the due time it is expected to have. */
export interface DueClaim {
  readonly vaultId: string
  readonly operationType: PolicyType
  readonly policyId: string
  readonly nextDue: Date
}

export interface AppliedPolicies {
  /** Inserts, or takes the place of the vault's policy of that type. */
  put(applied: AppliedPolicyRecord): Promise<void>
  /** Of each of the policies, in order of policy, then vault. */
  of(policyIds: readonly string[]): Promise<readonly AppliedPolicyRecord[]>
  /** In order of type. */
  inVaults(vaultIds: readonly string[]): Promise<readonly AppliedPolicyRecord[]>
  /** Every project's of that type whose time has come, the longest due first. */
  due(operationType: PolicyType, now: Date): Promise<readonly AppliedPolicyRecord[]>
  /** Sets when a policy runs next in all its vaults; undefined: not at all. */
  schedule(policyId: string, nextDue: Date | undefined): Promise<void>
  /**
   * Deals with a due time: true for one caller only, whatever the number of processes, and only while the policy is
   * still applied and due as claimed.
   */
  advance(claim: DueClaim, to: { readonly lastDue: Date; readonly nextDue: Date }): Promise<boolean>
  /** From a vault (all, or the one of a type), or from every vault that has the policy. */
  remove(
    which: { readonly vaultId: string; readonly operationType?: PolicyType } | { readonly policyId: string },
  ): Promise<void>
}
