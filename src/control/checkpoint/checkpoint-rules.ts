/**
 * What can be backed up now, and under which names (semantics 5.3, 6). A resource that cannot is left out with the code
 * that naming it alone would be refused with; only when nothing remains is the whole call refused.
 */
import { type ErrorCode, errors, refuse } from '../../contract/errors.ts'
import type { VaultBackup } from '../../contract/operations.gen.ts'
import { GIB } from '../../contract/sizes.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ProtectableDisk, ProtectableServer } from '../../ports/protectables.ts'

/** What the compute and block-storage services say of a project's servers and disks, by id. */
export interface Inventory {
  readonly servers: ReadonlyMap<string, ProtectableServer>
  readonly disks: ReadonlyMap<string, ProtectableDisk>
}

/** A resource that will be backed up, and the disks whose bytes that takes, the system disk first. */
export interface Chosen {
  readonly resource: ResourceRecord
  readonly server?: ProtectableServer
  readonly disks: readonly ProtectableDisk[]
}

export interface Skipped {
  readonly resource: ResourceRecord
  readonly code: ErrorCode
}

/** Whether the vault takes backups now: 6113, 6124, 6114. Asked when the call comes and again when the work begins. */
export function checkTakesBackups(vault: VaultRecord): void {
  if (vault.status !== 'available') refuse('6113', { status: vault.status })
  if (vault.protectType === 'replication') refuse('6124', { protect_type: vault.protectType })
  if (isFull(vault)) refuse('6114', { size: vault.sizeGb })
}

export const isFull = (vault: VaultRecord): boolean => vault.usedBytes >= vault.sizeGb * GIB

/** How long a manual backup is kept, in days; -1 for ever. 9900: zero days, or days for an automatic one. */
export function retentionDays(parameters: VaultBackup['parameters'] = {}): number {
  const days = parameters.retention_duration_days ?? -1
  if (days === 0) refuse('9900', { field: 'retention_duration_days', range: '-1 or 1 to 36500' })
  if (days > 0 && parameters.auto_trigger) {
    refuse('9900', { field: 'retention_duration_days', reason: 'an automatic backup is kept by its policy' })
  }
  return days
}

/** The ids asked for, once each; undefined when the whole vault is meant (client-notes 4.15). */
export function namedResources(parameters: VaultBackup['parameters'] = {}): readonly string[] | undefined {
  const ids = [...(parameters.resources ?? []), ...(parameters.resource_details ?? []).map(resource => resource.id)]
  return ids.length > 0 ? [...new Set(ids)] : undefined
}

/** Those of the vault's resources that were named, in the vault's order: 6135 for one that is not in it. */
export function pickResources(
  bound: readonly ResourceRecord[],
  named: readonly string[] | undefined,
): readonly ResourceRecord[] {
  if (named === undefined) return bound
  const missing = named.filter(id => !bound.some(resource => resource.id === id))
  if (missing.length > 0) refuse('6135', { resources: missing })
  return bound.filter(resource => named.includes(resource.id))
}

/** Which can be backed up now, and why the others cannot. */
export function choose(resources: readonly ResourceRecord[], inventory: Inventory) {
  const chosen: Chosen[] = []
  const skipped: Skipped[] = []
  for (const resource of resources) {
    const code = reasonToSkip(resource, inventory)
    if (code !== undefined) skipped.push({ resource, code })
    else {
      const server = inventory.servers.get(resource.id)
      chosen.push({ resource, ...(server && { server }), disks: disksOf(resource, inventory) })
    }
  }
  return { chosen, skipped }
}

/** Refuses the call when nothing remains: with what all have in common, where that has a code, else 0001. */
export function checkAnyChosen(chosen: readonly Chosen[], skipped: readonly Skipped[], wholeVault: boolean): void {
  if (chosen.length > 0) return
  const codes = new Set(skipped.map(({ code }) => code))
  const [only] = codes
  const about = { resources: skipped.map(({ resource, code }) => `${resource.id}: ${errors[code][1]}`) }
  if (codes.size === 1 && only === '6125') refuse(wholeVault ? '1001' : '6125', about)
  if (codes.size === 1 && only === '2010') refuse('2010', about)
  refuse('0001', about)
}

function reasonToSkip(resource: ResourceRecord, inventory: Inventory): ErrorCode | undefined {
  if (resource.protectStatus === 'protecting') return '6125'
  if (resource.protectStatus === 'restoring') return '2010'
  if (resource.protectStatus === 'removing') return '6134'
  const disks = disksOf(resource, inventory)
  if (resource.type === 'OS::Nova::Server') {
    const server = inventory.servers.get(resource.id)
    if (server === undefined) return '7100'
    if (server.status !== 'ACTIVE' && server.status !== 'SHUTOFF') return '7101'
    if (disks.length === 0) return '7108'
  } else if (disks.length === 0) return '7000'
  if (disks.some(disk => disk.status === 'restoring-backup')) return '2010'
  return disks.every(isReadable) ? undefined : '7003'
}

const isReadable = (disk: ProtectableDisk): boolean => disk.status === 'available' || disk.status === 'in-use'

/** A disk itself; a server's disks but the excluded ones (or only the included ones), later attached ones with them. */
function disksOf(resource: ResourceRecord, { servers, disks }: Inventory): readonly ProtectableDisk[] {
  if (resource.type === 'OS::Cinder::Volume') {
    const disk = disks.get(resource.id)
    return disk ? [disk] : []
  }
  const included = resource.includeVolumes.map(volume => volume.id)
  return (servers.get(resource.id)?.disks ?? []).filter(disk =>
    included.length > 0 ? included.includes(disk.id) : !resource.excludeVolumes.includes(disk.id),
  )
}

export interface NameChoice {
  readonly asked: string | undefined
  readonly auto: boolean
  readonly prefix: string | undefined
}

/** `manualbk_1f0a` or what was asked for; the vault's prefix stands before an automatic one (semantics 5.3). */
export function checkpointName({ asked, auto, prefix = '' }: NameChoice): string {
  if (asked !== undefined && asked !== '') return asked
  const digits = crypto.randomUUID().slice(0, 4)
  return auto ? `${prefix}autobk_${digits}` : `manualbk_${digits}`
}

/** The name itself where one resource is backed up, else numbered. */
export const backupName = (name: string, position: number, resources: number): string =>
  resources === 1 ? name : `${name}-${String(position + 1).padStart(4, '0')}`
