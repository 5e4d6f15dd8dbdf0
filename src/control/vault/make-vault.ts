import { refuse } from '../../contract/errors.ts'
import type { Vault, VaultCreate } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { Ports } from '../../ports/ports.ts'
import { orderIdOf } from '../order/order-rules.ts'
import { applyPolicy } from '../policy/apply-policy.ts'
import { ownPolicy } from '../policy/policy-rules.ts'
import { findCandidates } from '../resource/find-candidates.ts'
import { placeResources } from '../resource/place-resources.ts'
import { cleanTags } from '../tag/tag-rules.ts'
import type { ProjectCaller } from '../use-case.ts'
import { newVault } from './new-vault.ts'
import { checkTakesResources } from './vault-rules.ts'
import { viewVault } from './vault-view.ts'

export type MakingPorts = Pick<Ports, 'catalog' | 'protectables' | 'settings' | 'now'>

export interface MadeVault {
  readonly vault: Vault
  /** Of a subscription: the order that made it. */
  readonly orderId?: string
}

/** All or nothing: one resource that cannot be taken refuses the whole vault. It is available when the call returns. */
export async function makeVault(ports: MakingPorts, caller: ProjectCaller, wanted: VaultCreate): Promise<MadeVault> {
  const { smallestVaultGb: smallestGb, mostVaults } = ports.settings
  const plain = newVault(wanted, { by: caller, at: ports.now(), smallestGb })
  const order = plain.chargingMode === 'pre_paid' ? { orderId: await orderIdOf('create', plain.id) } : {}
  const vault = { ...plain, ...order }
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
    return { vault: await viewVault(records, vault), ...order }
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
