import { refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { nextRun } from './next-run.ts'
import { checkFits, lockPolicy } from './policy-rules.ts'

export interface Application {
  readonly policyId: string
  readonly destinationVaultId?: string | undefined
  readonly at: Date
}

/**
 * Applies a policy to a vault that the caller has made or locked, in place of the one of its type: 6000, 6136, 6127, 9900.
 * What it was to do at a time that has come stays to be done when it is applied anew.
 */
export async function applyPolicy(
  records: Pick<Records, 'policies' | 'appliedPolicies'>,
  vault: VaultRecord,
  { policyId, destinationVaultId, at }: Application,
): Promise<void> {
  const policy = await lockPolicy(records, vault.projectId, policyId)
  checkFits(policy, vault)
  const { operationType } = policy
  if (operationType === 'replication' && destinationVaultId === undefined)
    refuse('9900', { destination_vault_id: 'is missing' })
  const before = (await records.appliedPolicies.inVaults([vault.id])).find(one => one.operationType === operationType)
  const again = before?.policyId === policyId
  const nextDue = again ? before.nextDue : nextRun(policy, at, before?.lastDue)
  await records.appliedPolicies.put({
    vaultId: vault.id,
    operationType,
    projectId: vault.projectId,
    policyId,
    ...(operationType === 'replication' && destinationVaultId !== undefined && { destinationVaultId }),
    ...(before?.lastDue && { lastDue: before.lastDue }),
    ...(nextDue && { nextDue }),
  })
}
