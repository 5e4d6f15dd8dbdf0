import { DEFAULT_ENTERPRISE_PROJECT, enterpriseProjectAsked } from '../../contract/enterprise-project.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import { pageOf } from '../../contract/paging.ts'
import type { Protectables } from '../../ports/protectables.ts'
import { pageSlice } from '../page-slice.ts'
import type { UseCase } from '../use-case.ts'
import { diskInstance, type Instance, serverInstance, viewInstances } from './instance.ts'

const MOST_INSTANCES = 50

/** Newest first; no count (semantics 11). */
export const listProtectable: UseCase<'ListProtectable', 'catalog' | 'protectables'> = async (
  ports,
  caller,
  { path: { protectable_type: type }, query },
) => {
  const instances = (await instancesOf(ports.protectables, caller.projectId, type))
    .filter(fits(query))
    .toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime() || (one.id < other.id ? -1 : 1))
  const page = pageSlice(instances, pageOf(query, MOST_INSTANCES))
  return { instances: await viewInstances(ports, caller.projectId, page) }
}

/** There are no file systems or workspaces here: their lists are empty. */
async function instancesOf(protectables: Protectables, projectId: string, type: string): Promise<readonly Instance[]> {
  if (type === 'server') return (await protectables.servers(projectId)).map(serverInstance)
  if (type === 'disk') return (await protectables.disks(projectId)).map(diskInstance)
  return []
}

function fits(query: Operations['ListProtectable']['query']): (instance: Instance) => boolean {
  const { id, name, server_id: serverId, status } = query
  const enterprise = enterpriseProjectAsked(query.enterprise_project_id)
  return instance =>
    (!id || instance.id === id) &&
    (!name || instance.candidate.name === name) &&
    (!serverId || instance.serverId === serverId) &&
    (!status || instance.candidate.status.toLowerCase() === status.toLowerCase()) &&
    (!enterprise || enterprise === DEFAULT_ENTERPRISE_PROJECT)
}
