import { decline } from '../../contract/openstack-refusal.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { noVolume } from './volume-rules.ts'
import { asVolume, type Volume } from './volume-view.ts'

export async function showVolume(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  id: string,
): Promise<Volume> {
  const disk = await catalog.read(({ disks }) => disks.find(caller.projectId, id))
  return asVolume(disk ?? decline(404, noVolume(id)))
}
