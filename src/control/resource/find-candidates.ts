/** Looks up in the inventory what a request wants to put into a vault. Network: never inside a transaction. */
import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { ResourceCreate } from '../../contract/operations.gen.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ProtectableServer, Protectables } from '../../ports/protectables.ts'
import { type Candidate, diskCandidate, serverCandidate } from './candidate.ts'
import { type Bindings, checkChoice, checkWanted, stateHindrance } from './resource-rules.ts'

export interface Candidates {
  readonly resources: readonly Candidate[]
  readonly sharers: Bindings['sharers']
}

/** 6104, 6116, 6102 for the request; 7100, 7000, 6302 for what does not exist; 9900 and 71xx, 7003 for what cannot be taken. */
export async function findCandidates(
  protectables: Protectables,
  vault: Pick<VaultRecord, 'projectId' | 'objectType'>,
  wanted: readonly ResourceCreate[],
): Promise<Candidates> {
  checkWanted(vault, wanted)
  const resources: Candidate[] = []
  for (const resource of wanted) resources.push(await findCandidate(protectables, vault.projectId, resource))
  for (const candidate of resources) {
    checkChoice(candidate)
    const hindrance = stateHindrance(candidate)
    if (hindrance !== undefined) refuse(hindrance.code, hindrance.about)
  }
  return { resources, sharers: await findSharers(protectables, vault.projectId, resources) }
}

async function findCandidate(
  protectables: Protectables,
  projectId: string,
  { id, type, extra_info: choice }: ResourceCreate,
): Promise<Candidate> {
  const about = { resource: id }
  switch (type) {
    case 'OS::Nova::Server': {
      const server = isUuid(id) ? await protectables.server(projectId, id) : undefined
      return server ? serverCandidate(server, choice) : refuse('7100', about)
    }
    case 'OS::Cinder::Volume': {
      const disk = isUuid(id) ? await protectables.disk(projectId, id) : undefined
      return disk ? diskCandidate(disk, choice) : refuse('7000', about)
    }
    case 'OS::Ironic::BareMetalServer':
      return refuse('7100', about)
    default:
      return refuse('6302', about)
  }
}

/** Which servers have the shareable disks of these; asked only where there are any. */
export async function findSharers(
  protectables: Protectables,
  projectId: string,
  candidates: readonly Candidate[],
): Promise<Bindings['sharers']> {
  const anyShareable = candidates.some(({ disks }) => disks.some(disk => disk.shareable))
  return anyShareable ? sharersOf(await protectables.servers(projectId)) : new Map()
}

/** Which servers have which shareable disks, of all that a project has. */
export function sharersOf(servers: readonly ProtectableServer[]): Bindings['sharers'] {
  const attached = servers.flatMap(({ id, disks }) =>
    disks.filter(disk => disk.shareable).map(disk => ({ server: id, disk: disk.id })),
  )
  const byDisk = Map.groupBy(attached, attachment => attachment.disk)
  return new Map([...byDisk].map(([disk, of]) => [disk, of.map(({ server }) => server)]))
}
