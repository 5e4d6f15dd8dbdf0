import { refuse } from '../../contract/errors.ts'
import type { VaultPatch, VaultRecord } from '../../ports/catalog/vault.ts'
import type { UseCase } from '../use-case.ts'
import { checkUpdatable, lockVault } from '../vault/vault-rules.ts'
import { orderIdOf } from './order-rules.ts'

/**
 * All or none become subscriptions. With `post_paid` they cease to be: elsewhere one unsubscribes with the billing
 * service, and without a way back nobody could ever delete such a vault (6111). What has the mode already stays as it is.
 */
export const changeVaultChargeMode: UseCase<'ChangeVaultChargeMode', 'catalog' | 'now'> = async (
  ports,
  caller,
  { body },
) => {
  const chargingMode = body.charging_mode === 'post_paid' ? 'post_paid' : 'pre_paid'
  const vaultIds = [...new Set(body.vault_ids)].sort()
  const orderId = await orderIdOf('charge', chargingMode, body.period_type, body.period_num, ...vaultIds)
  const at = ports.now()
  await ports.catalog.change(async records => {
    for (const vaultId of vaultIds) {
      const vault = await lockVault(records, caller.projectId, vaultId)
      checkUpdatable(vault)
      if (vault.chargingMode === chargingMode) continue
      const patch = chargingMode === 'pre_paid' ? toPrePaid(vault, orderId) : ({ demandBilling: false } as const)
      await records.vaults.update(vault.id, { ...patch, chargingMode, updatedAt: at })
    }
  })
  return { orderId, retCode: 0, retMsg: 'success' }
}

/** A subscription is for a size, which does not grow by itself: 6110. */
function toPrePaid(vault: VaultRecord, orderId: string): VaultPatch {
  if (vault.autoExpand) refuse('6110', { vault: vault.id, auto_expand: 'is for post_paid vaults' })
  return { orderId }
}
