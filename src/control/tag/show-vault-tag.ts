import type { UseCase } from '../use-case.ts'
import { ownVault } from '../vault/vault-rules.ts'

export const showVaultTag: UseCase<'ShowVaultTag', 'catalog'> = async (ports, caller, { path }) =>
  ports.catalog.read(async records => {
    const vault = await ownVault(records, caller.projectId, path.vault_id)
    const tags = await records.tags.of([vault.id])
    return { tags: tags.map(({ key, value }) => ({ key, value })) }
  })
