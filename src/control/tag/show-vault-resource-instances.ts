import type { TagResource, Vault } from '../../contract/operations.gen.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { pageSlice } from '../page-slice.ts'
import type { UseCase } from '../use-case.ts'
import { allVaults } from '../vault/all-vaults.ts'
import { kindFilter } from '../vault/vault-filter.ts'
import { viewVaults } from '../vault/vault-view.ts'
import { conditionOf, pageAsked, type Wanted } from './tag-query.ts'

/** Vaults by their tags: `filter` lists them, `count` only counts. */
export const showVaultResourceInstances: UseCase<'ShowVaultResourceInstances', 'catalog'> = async (
  ports,
  caller,
  { body, query },
) => {
  const wanted = conditionOf(body)
  const page = pageAsked(body)
  return ports.catalog.read(async records => {
    const vaults = await allVaults(records, caller.projectId, kindFilter({ ...body, ...query }))
    const found = await matching(records, vaults, wanted)
    if (body.action === 'count') return { total_count: found.length }
    const views = await viewVaults(records, pageSlice(found, page))
    return { resources: views.map(asTagged), total_count: found.length }
  })
}

async function matching(
  records: Pick<Records, 'tags'>,
  vaults: readonly VaultRecord[],
  wanted: Wanted,
): Promise<readonly VaultRecord[]> {
  if (vaults.length === 0) return []
  const tags = Map.groupBy(await records.tags.of(vaults.map(vault => vault.id)), tag => tag.vaultId)
  return vaults.filter(vault => wanted(vault.name, tags.get(vault.id) ?? []))
}

/** `sys_tags` are only a system account's to see: the key stays out. */
const asTagged = (vault: Vault): TagResource => ({
  resource_id: vault.id,
  resource_name: vault.name,
  resource_detail: { vault },
  tags: vault.tags ?? [],
})
