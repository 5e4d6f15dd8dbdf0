import { refuse } from '../../contract/errors.ts'
import { pageOf } from '../../contract/paging.ts'
import type { UseCase } from '../use-case.ts'
import { kindFilter } from './vault-filter.ts'
import { viewVaults } from './vault-view.ts'

/**
 * Vaults of another project of the same account (semantics 19). There is one region, so another region has none; a
 * project in which the caller holds no role, or of another account, looks as if it had none.
 */
export const listExternalVault: UseCase<'ListExternalVault', 'catalog' | 'identity' | 'settings'> = async (
  ports,
  caller,
  { query },
) => {
  const { external_project_id: projectId, region_id: regionId, vault_id: vaultId } = query
  if (!projectId || !regionId) refuse('9900', { query: 'region_id and external_project_id are needed' })
  const page = pageOf(query)
  const { limit, offset } = page
  const objectType = query.object_type ?? query.objcet_type
  const filter = vaultId ? { ids: [vaultId] } : kindFilter({ ...query, ...(objectType && { object_type: objectType }) })
  const projects = await ports.identity.projectsOfUser(caller.userId)
  const project = projects.find(({ id, domainId }) => id === projectId && domainId === caller.domainId)
  if (project === undefined || regionId !== ports.settings.region) return { vaults: [], count: 0, limit, offset }
  return ports.catalog.read(async records => {
    const { rows, total } = await records.vaults.list(project.id, filter, page)
    return { vaults: await viewVaults(records, rows), count: total, limit, offset }
  })
}
