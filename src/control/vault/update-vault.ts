import type { UseCase } from '../use-case.ts'
import { changesTo } from './vault-changes.ts'
import { checkUpdatable, lockVault } from './vault-rules.ts'
import { viewVault } from './vault-view.ts'

export const updateVault: UseCase<'UpdateVault', 'catalog' | 'now'> = async (ports, caller, { path, body }) => {
  const updatedAt = ports.now()
  return ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    const patch = { ...changesTo(vault, body.vault), updatedAt }
    checkUpdatable(vault)
    await records.vaults.update(vault.id, patch)
    return { vault: await viewVault(records, { ...vault, ...patch }) }
  })
}
