/**
 * Brings the rows of disks and servers in step with the configuration, at each start, as often as it likes:
 *
 * - What is named gets a row, or has its row corrected. A disk whose file cannot be used is `error` with the reason, and
 *   the start goes on; it is itself again at the first start with its file. What a job works on (a restore that is
 *   resumed, say) is left alone until the next start.
 * - What is named no longer goes, unless a vault still has it: then it stays, as `error` or `ERROR`, so that the vault
 *   can name it, show its backups and let go of it. Its id follows from its name: named again, it is the same as before.
 * - Volumes that OpenCBR made are none of this.
 */
import type { Catalog, Records } from '../../ports/catalog/catalog.ts'
import type { DiskPatch, DiskRecord, ServerRecord } from '../../ports/catalog/disk.ts'
import type { Disks } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import type { IdentityService } from '../../ports/identity-service.ts'
import type { Log } from '../../ports/log.ts'
import type { Now } from '../../ports/now.ts'
import type { Settings } from '../../ports/ports.ts'
import { deviceName } from '../protectable/device-name.ts'
import { VOLUME_TYPE } from '../volume/volume-rules.ts'
import { type Inventory, type Plan, type PlannedDisk, planInventory } from './inventory-rules.ts'

export interface InventoryPorts {
  readonly catalog: Catalog
  readonly identity: Pick<IdentityService, 'projects'>
  readonly disks: Pick<Disks, 'stat'>
  readonly now: Now
  readonly log: Log
  readonly settings: Settings
}

/** Begins the `failure` of a disk that this file has set to `error`, and only of such a one. */
const OURS = 'at the last start: '

interface SeenDisk extends PlannedDisk {
  /** One of the two is there. */
  readonly sizeBytes?: number
  readonly failure?: string
}

/**
 * Answers the servers' ids, in the order they are named. Fault `conflict` names every mistake of the operator's; nothing
 * has happened then.
 */
export async function applyInventory(ports: InventoryPorts, inventory: Inventory): Promise<readonly string[]> {
  const projects = ports.identity.projects()
  const plan = await planInventory(inventory, projects)
  if (plan.mistakes.length > 0) throw new Fault('conflict', plan.mistakes.join('\n'))
  const disks = await Promise.all(plan.disks.map(disk => look(ports, disk)))
  const at = ports.now()
  const zone = ports.settings.availabilityZone
  await ports.catalog.change(async records => {
    for (const { id } of projects) await retire(records, id, plan, at)
    for (const server of plan.servers) await enterServer(records, { ...server, availabilityZone: zone, createdAt: at })
    for (const disk of disks) await enterDisk(records, disk, zone, at)
  })
  return plan.servers.map(({ id }) => id)
}

async function look({ disks, log }: InventoryPorts, disk: PlannedDisk): Promise<SeenDisk> {
  try {
    const { sizeBytes } = await disks.stat(disk)
    return { ...disk, sizeBytes }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    log.warn({ disk: disk.name, project: disk.projectId, reason: error.message }, 'a configured disk cannot be used')
    return { ...disk, failure: `${OURS}${error.message}` }
  }
}

/** What of a project the configuration names no longer. */
async function retire(records: Records, projectId: string, plan: Plan, at: Date): Promise<void> {
  const named = new Set([...plan.disks, ...plan.servers].map(({ id }) => id))
  const disks = (await records.disks.ofProject(projectId)).filter(
    disk => !disk.managed && !named.has(disk.id) && isSettled(disk),
  )
  const servers = (await records.servers.ofProject(projectId)).filter(server => !named.has(server.id))
  const gone = [...disks, ...servers]
  if (gone.length === 0) return
  const ids = gone.map(({ id }) => id)
  const bound = new Set((await records.resources.bound(projectId, ids)).map(({ id }) => id))
  for (const { id } of disks.filter(disk => !bound.has(disk.id))) await records.disks.remove(id)
  for (const { id } of servers.filter(server => !bound.has(server.id))) await records.servers.remove(id)
  for (const { id } of servers.filter(server => bound.has(server.id))) await records.servers.setStatus(id, 'ERROR')
  const failure = `${OURS}the configuration names it no longer`
  for (const { id, ...now } of disks.filter(disk => bound.has(disk.id) && disk.failure !== failure))
    await records.disks.update(id, { ...(now.serverId && detached), status: 'error', failure, updatedAt: at })
}

const detached = { serverId: null, device: null, bootable: false } as const

async function enterServer(records: Records, server: Omit<ServerRecord, 'status'>): Promise<void> {
  const known = await records.servers.find(server.projectId, server.id)
  await records.servers.put({ ...server, status: 'ACTIVE' })
  if (known?.status === 'ERROR') await records.servers.setStatus(server.id, 'ACTIVE')
}

async function enterDisk(records: Records, disk: SeenDisk, availabilityZone: string, at: Date): Promise<void> {
  const { id, projectId, name, path, format, attached, sizeBytes } = disk
  const place = attached
    ? { serverId: attached.serverId, device: deviceName(attached.place), bootable: attached.place === 0 }
    : detached
  const now = { name, path, format, availabilityZone, ...place, ...(sizeBytes !== undefined && { sizeBytes }) }
  const known = await records.disks.lock(projectId, id)
  if (known) {
    const patch: DiskPatch = { ...now, ...healthOf(disk, known) }
    if (isSettled(known) && differs(known, patch)) await records.disks.update(id, { ...patch, updatedAt: at })
    return
  }
  const { serverId, device, ...fresh } = now
  const { status = 'error', failure } = healthOf(disk)
  await records.disks.insert({
    id,
    projectId,
    description: '',
    sizeBytes: 0,
    status,
    volumeType: VOLUME_TYPE,
    createdAt: at,
    updatedAt: at,
    managed: false,
    metadata: {},
    ...fresh,
    ...(serverId && { serverId, device }),
    ...(failure && { failure }),
  })
}

/** An error that a job has left stays until a job mends it: the file is there, and is not what it should be. */
function healthOf({ failure, attached }: SeenDisk, known?: DiskRecord): Pick<DiskPatch, 'status' | 'failure'> {
  if (failure) return { status: 'error', failure }
  if (known?.status === 'error' && !known.failure?.startsWith(OURS)) return {}
  return { status: attached ? 'in-use' : 'available', failure: null }
}

/** No job works on it, so that its status says what it is, not what is done with it. */
function isSettled({ status }: DiskRecord): boolean {
  return status === 'available' || status === 'in-use' || status === 'error'
}

function differs(known: DiskRecord, patch: DiskPatch): boolean {
  const before: Readonly<Record<string, unknown>> = { ...known }
  return Object.entries(patch).some(([name, value]) => (before[name] ?? null) !== value)
}
