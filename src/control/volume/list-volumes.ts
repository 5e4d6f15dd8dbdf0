import { decline } from '../../contract/openstack-refusal.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { asVolume, type Volume } from './volume-view.ts'

export interface VolumeQuery {
  readonly name?: string
  readonly status?: string
  /** Pairs of which a volume has all. */
  readonly metadata?: ReadonlyMap<string, string>
  readonly limit: number
  readonly offset: number
  /** Id of the last volume of the page before. */
  readonly marker?: string
}

/** The project's volumes, newest first, and whether there are more behind this page. */
export async function listVolumes(
  { catalog }: Pick<Ports, 'catalog'>,
  caller: ProjectCaller,
  query: VolumeQuery,
): Promise<{ readonly volumes: readonly Volume[]; readonly more: boolean }> {
  const all = await catalog.read(({ disks }) => disks.ofProject(caller.projectId))
  const before = query.marker === undefined ? 0 : all.findIndex(disk => disk.id === query.marker) + 1
  if (query.marker !== undefined && before === 0) decline(400, `marker [${query.marker}] not found`)
  const wanted = all.slice(before).filter(disk => fits(disk, query))
  const end = query.offset + query.limit
  return { volumes: wanted.slice(query.offset, end).map(asVolume), more: wanted.length > end }
}

const fits = (disk: DiskRecord, { name = disk.name, status = disk.status, metadata }: VolumeQuery): boolean =>
  name === disk.name &&
  status === disk.status &&
  (metadata?.entries().every(([key, value]) => disk.metadata[key] === value) ?? true)
