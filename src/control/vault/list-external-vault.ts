import { refuse } from '../../contract/errors.ts'
import type { Operations, Vault } from '../../contract/operations.gen.ts'
import { pageOf } from '../../contract/paging.ts'
import type { Peer } from '../../ports/replicas.ts'
import type { UseCase } from '../use-case.ts'
import { kindFilter } from './vault-filter.ts'
import { viewVaults } from './vault-view.ts'

type Reach = 'catalog' | 'identity' | 'settings' | 'replicas'

/**
 * Vaults of another project of the same account (semantics 19), of this region or of one that the operator has named. A
 * project in which the caller holds no role, or to which no replicas may go there, looks as if it had none.
 */
export const listExternalVault: UseCase<'ListExternalVault', Reach> = async (ports, caller, { query }) => {
  const { external_project_id: projectId, region_id: regionId, vault_id: vaultId } = query
  if (!projectId || !regionId) refuse('9900', { query: 'region_id and external_project_id are needed' })
  const page = pageOf(query)
  const { limit, offset } = page
  const objectType = query.object_type ?? query.objcet_type
  const filter = vaultId ? { ids: [vaultId] } : kindFilter({ ...query, ...(objectType && { object_type: objectType }) })
  const peer = ports.replicas.peer(regionId)
  if (peer?.allows(caller.projectId, projectId)) return { ...(await there(peer, projectId, query)), limit, offset }
  const projects = await ports.identity.projectsOfUser(caller.userId)
  const project = projects.find(({ id, domainId }) => id === projectId && domainId === caller.domainId)
  if (project === undefined || regionId !== ports.settings.region) return { vaults: [], count: 0, limit, offset }
  return ports.catalog.read(async records => {
    const { rows, total } = await records.vaults.list(project.id, filter, page)
    return { vaults: await viewVaults(records, rows), count: total, limit, offset }
  })
}

/** The other region's own answer, to the filters that it knows. */
async function there(peer: Peer, projectId: string, query: Operations['ListExternalVault']['query']) {
  const { vault_id: id, limit, offset, objcet_type: misspelt, object_type: object = misspelt, ...more } = query
  const filter = id ? { id } : { object_type: object, cloud_type: more.cloud_type, protect_type: more.protect_type }
  const asked = Object.entries({ ...filter, limit, offset }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  const { vaults, count } = await peer.vaults(projectId, Object.fromEntries(asked))
  // What the other side says is shown as it is: it has the same contract.
  return { vaults: vaults as readonly unknown[] as readonly Vault[], count }
}
