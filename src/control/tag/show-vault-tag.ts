import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { UseCase } from '../use-case.ts'

export const showVaultTag: UseCase<'ShowVaultTag', 'catalog'> = async (
  ports,
  caller,
  { path: { vault_id: vaultId } },
) => {
  if (!isUuid(vaultId)) refuse('6105', { vault: vaultId })
  return ports.catalog.read(async records => {
    const vault = (await records.vaults.find(caller.projectId, vaultId)) ?? refuse('6105', { vault: vaultId })
    const tags = await records.tags.of([vault.id])
    return { tags: tags.map(({ key, value }) => ({ key, value })) }
  })
}
