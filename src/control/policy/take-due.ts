/** A policy's due time in a vault, dealt with once (run-policy.ts says how). */
import type { ErrorCode } from '../../contract/errors.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { noteSkipped } from '../operation-log/note-skipped.ts'
import { providerOf } from '../vault/vault-kinds.ts'
import { slotsUpTo } from './due-slots.ts'

export interface DueRun {
  /** Held. */
  readonly vault: VaultRecord
  readonly policy: PolicyRecord
  readonly at: Date
  readonly requestId: string
}

/**
 * Moves the vault on to the policy's next due time, and logs what was missed. Undefined where there is nothing to run:
 * somebody else has dealt with it, or its start window has closed.
 */
export async function takeDue(records: Records, applied: AppliedPolicyRecord, at: Date): Promise<DueRun | undefined> {
  const { projectId, vaultId, policyId, operationType, nextDue } = applied
  const vault = await records.vaults.lock(projectId, vaultId)
  const policy = await records.policies.find(projectId, policyId)
  if (vault === undefined || policy === undefined || nextDue === undefined) return undefined
  const slots = slotsUpTo(policy, nextDue, at)
  const claim = { vaultId, operationType, policyId, nextDue }
  if (!(await records.appliedPolicies.advance(claim, { lastDue: slots.latest, nextDue: slots.next }))) return undefined
  const run = { vault, policy, at, requestId: `req-${crypto.randomUUID()}` }
  if (slots.missedUntil) {
    const [from, until] = [asTimestamp(nextDue), asTimestamp(slots.missedUntil)]
    const when = from === until ? `due at ${from}` : `due from ${from} to ${until}`
    await noteRun(records, run, { status: 'skipped', code: '0001', reason: `missed, as nothing ran then: ${when}` })
  }
  return slots.open ? run : undefined
}

export interface Ending {
  readonly status: 'skipped' | 'failed'
  readonly code: ErrorCode
  readonly reason?: string
}

/** Logs a run that comes to nothing as a whole. */
export const noteRun = (records: Records, { vault, policy, at, requestId }: DueRun, ending: Ending): Promise<void> =>
  noteSkipped(records, {
    ...ending,
    type: policy.operationType,
    projectId: vault.projectId,
    requestId,
    at,
    policyId: policy.id,
    providerId: providerOf(vault.objectType),
    vaultId: vault.id,
    vaultName: vault.name,
    resource: { id: vault.id, name: vault.name, type: 'vault' },
  })
