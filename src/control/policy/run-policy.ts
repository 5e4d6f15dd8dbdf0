/**
 * What happens when a policy's time has come in a vault (semantics 9.2). A due time is dealt with once: the transaction
 * that begins the backups moves the vault on to the next one, so that of several processes one begins them, and after a
 * crash either both have happened or neither.
 *
 * What came due while nothing ran is not made up for one by one: the latest time is run if its start window is still
 * open, everything older is logged as skipped, in one log.
 */
import { Refusal } from '../../contract/errors.ts'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { isInTheMaking } from '../backup/backup-rules.ts'
import { checkTakesBackups, choose, type Inventory } from '../checkpoint/checkpoint-rules.ts'
import { noteAllSkipped, startCheckpoint } from '../checkpoint/start-checkpoint.ts'
import { bindUnprotected } from './bind-unprotected.ts'
import { isFullDue } from './full-backups.ts'
import { daysKept } from './retention.ts'
import { type DueRun, noteRun, takeDue } from './take-due.ts'

export interface Occasion {
  /** The project's, read before the transaction. */
  readonly inventory: Inventory
  readonly at: Date
}

interface Run extends DueRun, Occasion {}

/** Answers whether there is work for the jobs now. Nothing happens when somebody else has dealt with it already. */
export async function runPolicy(
  records: Records,
  applied: AppliedPolicyRecord,
  { inventory, at }: Occasion,
): Promise<boolean> {
  const due = await takeDue(records, applied, at)
  return due === undefined ? false : begin(records, { ...due, inventory })
}

async function begin(records: Records, run: Run): Promise<boolean> {
  const { vault, policy, inventory, at, requestId } = run
  const refusal = refusalOf(vault)
  if (refusal) {
    await noteRun(records, run, { status: 'failed', code: refusal.code, reason: refusal.message })
    return false
  }
  if (await isStillRunning(records, vault)) {
    await noteRun(records, run, { status: 'skipped', code: '1001' })
    return false
  }
  await bindUnprotected(records, vault, { inventory, at, requestId, policyId: policy.id })
  const resources = (await records.resources.of([vault.id])).filter(resource => resource.autoProtect)
  const { chosen, skipped } = choose(resources, inventory)
  const about = { skipped, at, requestId, policyId: policy.id }
  if (chosen.length === 0) {
    await noteAllSkipped(records, vault, about)
    return false
  }
  await startCheckpoint(records, vault, {
    ...about,
    chosen,
    autoTrigger: true,
    incremental: resource => !isFullDue(policy, resource, at),
    retentionDays: daysKept(policy.definition, at),
  })
  return true
}

function refusalOf(vault: VaultRecord): Refusal | undefined {
  try {
    checkTakesBackups(vault)
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** Whether an earlier automatic run of the vault goes on; a manual backup only keeps its own resource out. */
async function isStillRunning(records: Records, { id: vaultId, projectId }: VaultRecord): Promise<boolean> {
  const isBusy = ({ protectStatus }: ResourceRecord) => protectStatus === 'protecting'
  for (const { id } of (await records.resources.of([vaultId])).filter(isBusy)) {
    const backups = await records.backups.within({ projectId, vaultId, resourceId: id })
    if (backups.some(backup => backup.autoTrigger && isInTheMaking(backup))) return true
  }
  return false
}
