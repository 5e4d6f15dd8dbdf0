import { decline } from '../../contract/openstack-refusal.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkRemovable, noVolume } from './volume-rules.ts'

/** The volume is `deleting` when this resolves; the job 'remove-disk' removes its file, then the row. */
export async function deleteVolume(
  { catalog, now, wake }: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  caller: ProjectCaller,
  id: string,
): Promise<void> {
  const { projectId } = caller
  await catalog.change(async records => {
    const disk = (await records.disks.lock(projectId, id)) ?? decline(404, noVolume(id))
    const [bound] = await records.resources.bound(projectId, [id])
    checkRemovable(disk, bound?.vaultId)
    const at = now()
    await records.disks.update(id, { status: 'deleting', updatedAt: at })
    await records.jobs.insert([
      {
        id: crypto.randomUUID(),
        kind: 'remove-disk',
        projectId,
        payload: { diskId: id },
        createdAt: at,
        runAfter: at,
        attempts: 0,
      },
    ])
  })
  wake()
}
