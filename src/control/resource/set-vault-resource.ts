import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { checkChangeable, findVault, lockVault } from '../vault/vault-rules.ts'
import { distinctIds, namedResources } from './named-resources.ts'

/** Against what the words say, `suspend` switches automatic backup on and `unsuspend` off (semantics 3.9, 24.1 #22). */
const AUTO_PROTECT: ReadonlyMap<string, boolean> = new Map([
  ['suspend', true],
  ['unsuspend', false],
])

export const setVaultResource: UseCase<'SetVaultResource', 'catalog'> = async (ports, caller, { path, body }) => {
  await findVault(ports, caller, path.vault_id)
  const ids = distinctIds(body.resource_ids)
  const autoProtect = AUTO_PROTECT.get(body.action) ?? refuse('9900', { action: body.action })
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    await namedResources(records, vault.id, ids)
    checkChangeable(vault)
    await records.resources.setAutoProtect(vault.id, ids, autoProtect)
  })
  return { set_resource_ids: ids }
}
