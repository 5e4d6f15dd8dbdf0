import type { StorageUsage } from '../../contract/operations.gen.ts'
import { pageOf } from '../../contract/paging.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import { pageSlice } from '../page-slice.ts'
import type { UseCase } from '../use-case.ts'
import { allVaults } from '../vault/all-vaults.ts'

/** What the backups of each resource of the project take, newest resource first. */
export const showStorageUsage: UseCase<'ShowStorageUsage', 'catalog'> = async (ports, caller, { query }) => {
  const resources = await ports.catalog.read(async records => {
    const vaults = await allVaults(records, caller.projectId)
    return vaults.length > 0 ? records.resources.of(vaults.map(vault => vault.id)) : []
  })
  const matching = resources
    .filter(({ id }) => !query.resource_id || id === query.resource_id)
    .filter(({ type }) => !query.resource_type || type === query.resource_type)
    .toSorted((one, other) => other.addedAt.getTime() - one.addedAt.getTime() || (one.id < other.id ? -1 : 1))
  return { resource_count: matching.length, storage_usage: pageSlice(matching, pageOf(query)).map(asUsage) }
}

/** Sizes are in bytes here (semantics 17). */
const asUsage = (resource: ResourceRecord): StorageUsage => ({
  resource_id: resource.id,
  resource_name: resource.name,
  resource_type: resource.type,
  backup_count: resource.backupCount,
  backup_size: resource.backupBytes,
  backup_size_multiaz: 0,
})
