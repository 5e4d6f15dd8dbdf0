import { decline } from '../../contract/openstack-refusal.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { condemnDisk } from './condemn-disk.ts'
import { checkRemovable, noVolume } from './volume-rules.ts'

export interface VolumeDeletion {
  readonly id: string
  /** With what hangs on it: its place in a vault, though never the backups that are there. */
  readonly cascade?: boolean
}

/** The volume is `deleting` when this resolves; the job 'remove-disk' removes its file, then the row. */
export async function deleteVolume(
  { catalog, now, wake }: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  caller: ProjectCaller,
  { id, cascade = false }: VolumeDeletion,
): Promise<void> {
  const { projectId } = caller
  await catalog.change(async records => {
    if (cascade) await leaveVault(records, projectId, id)
    const disk = (await records.disks.lock(projectId, id)) ?? decline(404, noVolume(id))
    const [bound] = await records.resources.bound(projectId, [id])
    checkRemovable(disk, bound?.vaultId)
    await condemnDisk(records, disk, now())
  })
  wake()
}

/** Where it may not leave, it stays, and the deletion is refused. The vault's lock comes before the disk's. */
async function leaveVault(records: Records, projectId: string, id: string): Promise<void> {
  const [place] = await records.resources.bound(projectId, [id])
  if (place === undefined) return
  const vault = await records.vaults.lock(projectId, place.vaultId)
  const resource = await records.resources.find(place.vaultId, id)
  if (vault === undefined || resource === undefined) return
  const free = vault.status === 'available' && !vault.locked
  if (free && resource.backupCount === 0 && resource.protectStatus === 'available') {
    await records.resources.remove(vault.id, [id])
  }
}
