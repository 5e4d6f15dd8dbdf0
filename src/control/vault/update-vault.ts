import type { UseCase } from '../use-case.ts'
import { tell } from '../webhook/tell.ts'
import { requestHolds } from './hold-backups.ts'
import { changesTo } from './vault-changes.ts'
import { crossings } from './vault-events.ts'
import { checkUpdatable, lockVault } from './vault-rules.ts'
import { viewVault } from './vault-view.ts'

export const updateVault: UseCase<'UpdateVault', 'catalog' | 'now' | 'wake'> = async (
  ports,
  caller,
  { path, body },
) => {
  const updatedAt = ports.now()
  const answer = await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    const patch = { ...changesTo(vault, body.vault), updatedAt }
    checkUpdatable(vault)
    await records.vaults.update(vault.id, patch)
    const updated = { ...vault, ...patch }
    await tell(records, () => crossings(vault, updated), updatedAt)
    if (!vault.locked) await requestHolds(records, updated, { at: updatedAt })
    return { vault: await viewVault(records, updated) }
  })
  ports.wake()
  return answer
}
