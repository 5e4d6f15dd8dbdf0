import { isUuid } from '../../contract/ids.ts'
import type { DiskFormat } from '../../ports/disks.ts'
import type { ProjectRecord } from '../../ports/identity.ts'
import { stableId } from './stable-id.ts'

/** What the configuration names under `resources.local`; paths are absolute, or an NBD export's URI. */
export interface Inventory {
  readonly disks: readonly NamedDisk[]
  readonly servers: readonly NamedServer[]
}

interface Named {
  readonly id?: string | undefined
  /** A name, `domain/name` or an id. */
  readonly project: string
  readonly name: string
}

export interface NamedDisk extends Named {
  readonly path: string
  readonly format: DiskFormat
}

interface NamedServer extends Named {
  /** Names of disks of the same project, the system disk first. */
  readonly disks: readonly string[]
}

interface PlannedServer {
  readonly id: string
  readonly projectId: string
  readonly name: string
}

export interface PlannedDisk extends PlannedServer {
  readonly path: string
  readonly format: DiskFormat
  /** Where it is attached; `place` counts from 0, the system disk. */
  readonly attached?: { readonly serverId: string; readonly place: number }
}

export interface Plan {
  readonly disks: readonly PlannedDisk[]
  readonly servers: readonly PlannedServer[]
  /** The operator's mistakes; with one of them, the rest of the plan counts for nothing. */
  readonly mistakes: readonly string[]
}

/** Ids, projects and places of all that is named. */
export async function planInventory(inventory: Inventory, projects: readonly ProjectRecord[]): Promise<Plan> {
  const mistakes: string[] = []
  const place = async (kind: 'disk' | 'server', named: Named) => {
    const what = `${kind} ${named.name} of project ${named.project}`
    const found = projects.filter(project => answersTo(project, named.project))
    if (found.length === 0) mistakes.push(`${what}: there is no such project`)
    if (found.length > 1) mistakes.push(`${what}: several projects have this name; write domain/name, or the id`)
    if (named.id !== undefined && !isUuid(named.id)) mistakes.push(`${what}: its id must be a lower-case UUID`)
    const projectId = found[0]?.id ?? ''
    return { what, projectId, name: named.name, id: named.id ?? (await stableId(projectId, kind, named.name)) }
  }
  const servers = await Promise.all(
    inventory.servers.map(async server => ({ ...(await place('server', server)), disks: server.disks })),
  )
  const disks = await Promise.all(
    inventory.disks.map(async disk => ({ ...(await place('disk', disk)), path: disk.path, format: disk.format })),
  )
  mistakes.push(
    ...repeated([...disks, ...servers], ({ id }) => id).map(({ what }) => `${what}: is named twice`),
    ...repeated(disks, ({ path }) => path).map(({ what, path }) => `${what}: ${path} is another disk's already`),
  )
  const places = servers.flatMap(server => server.disks.map((disk, at) => ({ server, disk, place: at })))
  mistakes.push(
    ...places
      .filter(({ server, disk }) => !disks.some(it => it.projectId === server.projectId && it.name === disk))
      .map(({ server, disk }) => `${server.what}: the project has no disk ${disk}`),
    ...repeated(places, ({ server, disk }) => `${server.projectId} ${disk}`).map(
      ({ server, disk }) => `${server.what}: disk ${disk} is attached already`,
    ),
  )
  return {
    mistakes,
    servers: servers.map(({ id, projectId, name }) => ({ id, projectId, name })),
    disks: disks.map(({ id, projectId, name, path, format }) => {
      const at = places.find(({ server, disk }) => server.projectId === projectId && disk === name)
      const attached = at && { attached: { serverId: at.server.id, place: at.place } }
      return { id, projectId, name, path, format, ...attached }
    }),
  }
}

function answersTo({ id, name, domainName }: ProjectRecord, named: string): boolean {
  return named === id || named === name || named === `${domainName}/${name}`
}

/** All but the first of those with the same key. */
function repeated<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const seen = new Set<string>()
  return items.filter(item => {
    const known = seen.has(keyOf(item))
    seen.add(keyOf(item))
    return known
  })
}
