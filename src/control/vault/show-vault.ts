import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { UseCase } from '../use-case.ts'
import { viewVault } from './vault-view.ts'

export const showVault: UseCase<'ShowVault', 'catalog'> = async (ports, caller, { path: { vault_id: vaultId } }) => {
  if (!isUuid(vaultId)) refuse('6105', { vault: vaultId })
  return ports.catalog.read(async records => {
    const vault = (await records.vaults.find(caller.projectId, vaultId)) ?? refuse('6105', { vault: vaultId })
    return { vault: await viewVault(records, vault) }
  })
}
