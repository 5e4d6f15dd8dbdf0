import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { checkChangeable, lockVault } from '../vault/vault-rules.ts'

export const deleteVaultTag: UseCase<'DeleteVaultTag', 'catalog'> = async (ports, caller, { path }) => {
  await ports.catalog.change(async records => {
    const vault = await lockVault(records, caller.projectId, path.vault_id)
    const present = await records.tags.of([vault.id])
    if (!present.some(tag => tag.key === path.key)) refuse('6601', { key: path.key })
    checkChangeable(vault)
    await records.tags.remove(vault.id, [path.key])
  })
  return undefined
}
