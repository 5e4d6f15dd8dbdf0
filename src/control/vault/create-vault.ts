import { refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { applyPolicy } from '../policy/apply-policy.ts'
import { ownPolicy } from '../policy/policy-rules.ts'
import { findCandidates } from '../resource/find-candidates.ts'
import { placeResources } from '../resource/place-resources.ts'
import { cleanTags } from '../tag/tag-rules.ts'
import type { UseCase } from '../use-case.ts'
import { newVault } from './new-vault.ts'
import { checkTakesResources } from './vault-rules.ts'
import { viewVault } from './vault-view.ts'

/** All or nothing: one resource that cannot be taken refuses the whole vault. It is available when the call returns. */
export const createVault: UseCase<'CreateVault', 'catalog' | 'protectables' | 'settings' | 'now'> = async (
  ports,
  caller,
  { body: { vault: wanted } },
) => {
  const { smallestVaultGb: smallestGb, mostVaults } = ports.settings
  const vault = newVault(wanted, { by: caller, at: ports.now(), smallestGb })
  const tags = cleanTags(wanted.tags ?? [])
  const candidates = await findCandidates(ports.protectables, vault, wanted.resources)
  if (candidates.resources.length > 0) checkTakesResources(vault)
  return ports.catalog.change(async records => {
    await checkQuota(records, caller.projectId, mostVaults)
    await records.vaults.insert(vault)
    await records.tags.put(
      tags.map(tag => ({ ...tag, vaultId: vault.id })),
      caller.projectId,
    )
    await placeResources(records, vault, candidates, vault.createdAt)
    if (wanted.backup_policy_id) await applyBackupPolicy(records, vault, wanted.backup_policy_id)
    return { vault: await viewVault(records, vault) }
  })
}

async function applyBackupPolicy(records: Records, vault: VaultRecord, policyId: string): Promise<void> {
  const policy = await ownPolicy(records, vault.projectId, policyId)
  if (policy.operationType !== 'backup') refuse('6127', { policy: policyId, operation_type: policy.operationType })
  await applyPolicy(records, vault, { policyId, at: vault.createdAt })
}

async function checkQuota(records: Pick<Records, 'vaults'>, projectId: string, most: number): Promise<void> {
  if (most === Number.POSITIVE_INFINITY) return
  const { total } = await records.vaults.list(projectId, {}, { limit: 1, offset: 0 })
  if (total >= most) refuse('6133', { vaults: total, most })
}
