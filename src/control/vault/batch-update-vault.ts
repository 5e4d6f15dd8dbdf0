import { refuse } from '../../contract/errors.ts'
import type { VaultBatchUpdate } from '../../contract/operations.gen.ts'
import type { VaultPatch } from '../../ports/catalog/vault.ts'
import type { UseCase } from '../use-case.ts'
import { tell } from '../webhook/tell.ts'
import { allVaults } from './all-vaults.ts'
import { crossings } from './vault-events.ts'

/** Every vault of the project whose status lets it be changed; the answer names them. */
export const batchUpdateVault: UseCase<'BatchUpdateVault', 'catalog' | 'now'> = async (ports, caller, { body }) => {
  const updatedAt = ports.now()
  const patch = { ...changesTo(body.vault), updatedAt }
  return ports.catalog.change(async records => {
    const vaults = await allVaults(records, caller.projectId)
    const changeable = vaults.filter(({ status }) => status === 'available' || status === 'lock')
    for (const vault of changeable) {
      await records.vaults.update(vault.id, patch)
      await tell(records, () => crossings(vault, { ...vault, ...patch }), updatedAt)
    }
    return { updated_vaults_id: changeable.map(vault => vault.id) }
  })
}

function changesTo({ threshold, smn_notify: smnNotify }: VaultBatchUpdate): VaultPatch {
  if (threshold === undefined && smnNotify === undefined) refuse('9900', { vault: 'threshold or smn_notify is needed' })
  return { ...(threshold !== undefined && { threshold }), ...(smnNotify !== undefined && { smnNotify }) }
}
