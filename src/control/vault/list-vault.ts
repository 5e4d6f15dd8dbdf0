import { pageOf } from '../../contract/paging.ts'
import type { UseCase } from '../use-case.ts'
import { listFilter } from './vault-filter.ts'
import { viewVaults } from './vault-view.ts'

/** Newest first. */
export const listVault: UseCase<'ListVault', 'catalog'> = async (ports, caller, { query }) => {
  const page = pageOf(query)
  const { limit, offset } = page
  const filter = listFilter(query)
  return ports.catalog.read(async records => {
    const { rows, total } = await records.vaults.list(caller.projectId, filter, page)
    return { vaults: await viewVaults(records, rows), count: total, limit, offset }
  })
}
