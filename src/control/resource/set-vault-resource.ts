import type { UseCase } from '../use-case.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'
import { namedResources } from './named-resources.ts'

/** Against what the words say, `suspend` switches automatic backup on and `unsuspend` off (semantics 3.9, 24.1 #22). */
export const setVaultResource: UseCase<'SetVaultResource', 'catalog'> = async (ports, caller, { path, body }) => {
  const ids = [...new Set(body.resource_ids)]
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    await namedResources(records, vault.id, ids)
    checkChangeable(vault)
    await records.resources.setAutoProtect(vault.id, ids, body.action === 'suspend')
  })
  return { set_resource_ids: ids }
}
