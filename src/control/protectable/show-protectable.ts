import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { Protectables } from '../../ports/protectables.ts'
import type { UseCase } from '../use-case.ts'
import { diskInstance, type Instance, serverInstance, viewInstances } from './instance.ts'

export const showProtectable: UseCase<'ShowProtectable', 'catalog' | 'protectables'> = async (
  ports,
  caller,
  { path: { protectable_type: type, instance_id: id } },
) => {
  const found = await findInstance(ports.protectables, caller.projectId, { type, id })
  if (found === undefined) refuse('6302', { [type]: id })
  const [instance] = await viewInstances(ports, caller.projectId, [found])
  return instance === undefined ? {} : { instance }
}

async function findInstance(
  protectables: Protectables,
  projectId: string,
  { type, id }: { readonly type: string; readonly id: string },
): Promise<Instance | undefined> {
  if (!isUuid(id)) return undefined
  if (type === 'server') {
    const server = await protectables.server(projectId, id)
    return server && serverInstance(server)
  }
  if (type === 'disk') {
    const disk = await protectables.disk(projectId, id)
    return disk && diskInstance(disk)
  }
  return undefined
}
