/** What could be put into a vault: a server or disk as the inventory shows it, with the caller's choice of disks. */
import type { ResourceExtraInfo } from '../../contract/operations.gen.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { ProtectableDisk, ProtectableServer, ResourceType } from '../../ports/protectables.ts'

export interface Candidate {
  readonly id: string
  readonly type: ResourceType
  readonly name: string
  readonly sizeBytes: number
  /** As the inventory says it. */
  readonly status: string
  /** All disks of a server; of a disk, itself. */
  readonly disks: readonly ProtectableDisk[]
  readonly excludeVolumes: ResourceRecord['excludeVolumes']
  readonly includeVolumes: ResourceRecord['includeVolumes']
}

export const serverCandidate = (server: ProtectableServer, choice?: ResourceExtraInfo): Candidate => ({
  id: server.id,
  type: 'OS::Nova::Server',
  name: server.name,
  sizeBytes: server.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0),
  status: server.status,
  disks: server.disks,
  ...volumesOf(choice),
})

export const diskCandidate = (disk: ProtectableDisk, choice?: ResourceExtraInfo): Candidate => ({
  id: disk.id,
  type: 'OS::Cinder::Volume',
  name: disk.name,
  sizeBytes: disk.sizeBytes,
  status: disk.status,
  disks: [disk],
  ...volumesOf(choice),
})

const volumesOf = (choice?: ResourceExtraInfo): Pick<ResourceRecord, 'excludeVolumes' | 'includeVolumes'> => ({
  excludeVolumes: choice?.exclude_volumes ?? [],
  includeVolumes: choice?.include_volumes ?? [],
})

/**
 * The disks of a resource that a backup takes (semantics 4.2): all but the excluded ones, a disk attached later with them;
 * or, where any are named, the included ones alone.
 */
export function chosenDisks<D extends { readonly id: string }>(
  disks: readonly D[],
  choice: Pick<ResourceRecord, 'excludeVolumes' | 'includeVolumes'>,
): readonly D[] {
  const included = choice.includeVolumes.map(volume => volume.id)
  return disks.filter(({ id }) => (included.length > 0 ? included.includes(id) : !choice.excludeVolumes.includes(id)))
}
