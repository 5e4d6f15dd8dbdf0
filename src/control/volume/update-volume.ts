import { decline } from '../../contract/openstack-refusal.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkOurs, noVolume } from './volume-rules.ts'
import { asVolume, type Volume } from './volume-view.ts'

/** What of a volume its owner can change; `metadata` replaces all there was. */
export interface VolumeChange {
  readonly name?: string
  readonly description?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** In whatever state the volume is: none of this concerns its bytes. */
export async function updateVolume(
  { catalog, now }: Pick<Ports, 'catalog' | 'now'>,
  caller: ProjectCaller,
  id: string,
  change: VolumeChange,
): Promise<Volume> {
  return catalog.change(async ({ disks }) => {
    const disk = (await disks.lock(caller.projectId, id)) ?? decline(404, noVolume(id))
    checkOurs(disk)
    const patch = { ...change, updatedAt: now() }
    await disks.update(id, patch)
    return asVolume({ ...disk, ...patch })
  })
}
