/**
 * Where a backup may be restored to (semantics 7): a disk's onto that disk, detached; a server's onto disks of that
 * server, as mapped by the caller. What is refused here has touched nothing.
 */
import { refuse } from '../../contract/errors.ts'
import type { BackupRestore } from '../../contract/operations.gen.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ProtectableServer } from '../../ports/protectables.ts'
import { isBeingRestored, isInTheMaking } from './backup-rules.ts'

/** One disk's backup, and the disk it goes onto. */
export interface Mapping {
  readonly backupId: string
  readonly diskId: string
}

/** Whose and what: 9900 for a body that does not fit the backup, 2003 for another server or disk, and for a replica. */
export function mappingsFrom(backup: BackupRecord, asked: BackupRestore): readonly Mapping[] {
  if (backup.imageType !== 'backup') refuse('2003', { reason: 'a replica is used through an image' })
  if (backup.parentId !== undefined) {
    refuse('9900', { reason: `restore the server backup ${backup.parentId} and name this one in its mappings` })
  }
  if (backup.resourceType === 'OS::Nova::Server') return serverMappings(backup, asked)
  if (asked.volume_id === undefined) refuse('9900', { field: 'restore.volume_id', problem: 'is missing' })
  if (asked.volume_id !== backup.resourceId) refuse('2003', { disk: asked.volume_id })
  return [{ backupId: backup.id, diskId: asked.volume_id }]
}

function serverMappings(backup: BackupRecord, asked: BackupRestore): readonly Mapping[] {
  if (asked.server_id === undefined) refuse('9900', { field: 'restore.server_id', problem: 'is missing' })
  const mappings = (asked.mappings ?? []).map(pair => ({ backupId: pair.backup_id, diskId: pair.volume_id }))
  if (mappings.length === 0) refuse('9900', { field: 'restore.mappings', problem: 'is missing or empty' })
  for (const key of ['backupId', 'diskId'] as const) {
    const values = mappings.map(mapping => mapping[key])
    const twice = values.find((value, at) => values.indexOf(value) !== at)
    if (twice !== undefined) refuse('9900', { field: 'restore.mappings', 'named twice': twice })
  }
  if (asked.server_id !== backup.resourceId) refuse('2003', { server: asked.server_id })
  return mappings
}

/** A mapping with the rows it names; the caller holds their locks. */
export interface Target {
  readonly part: BackupRecord
  readonly disk: DiskRecord
}

/** The rows behind the mappings: 6200, 7000. */
export function targetsOf(
  mappings: readonly Mapping[],
  parts: readonly BackupRecord[],
  disks: readonly DiskRecord[],
): readonly Target[] {
  return mappings.map(({ backupId, diskId }) => ({
    part: parts.find(part => part.id === backupId) ?? refuse('6200', { backup: backupId }),
    disk: disks.find(disk => disk.id === diskId) ?? refuse('7000', { disk: diskId }),
  }))
}

export interface Situation {
  readonly vault: VaultRecord | undefined
  readonly resource: ResourceRecord | undefined
  /** All backups of the resource. */
  readonly chain: readonly BackupRecord[]
  /** As the compute service has it, where the backup is a server's. */
  readonly server: ProtectableServer | undefined
}

/** Statuses: 2005, 6202, 2010, 2002, 2007, 2008. */
export function checkRestorable(backup: BackupRecord, { vault, resource, chain, server }: Situation): void {
  if (backup.status !== 'available') {
    refuse(isBeingRestored(backup) ? '2010' : '2005', { status: backup.status })
  }
  if (vault?.status !== 'available' && vault?.status !== 'lock') refuse('6202', { status: vault?.status ?? 'gone' })
  if (resource?.protectStatus === 'restoring' || chain.some(isBeingRestored))
    refuse('2010', { resource: backup.resourceId })
  if (resource?.protectStatus === 'protecting' || chain.some(isInTheMaking))
    refuse('2002', { resource: backup.resourceId })
  if (backup.resourceType !== 'OS::Nova::Server') return
  if (server === undefined || server.status === 'DELETED') refuse('2007', { server: backup.resourceId })
  if (server.status !== 'ACTIVE' && server.status !== 'SHUTOFF') refuse('2008', { status: server.status })
}

/** A disk that a failed restore left in `error` can be restored onto again. */
const restorable = { attached: ['in-use', 'available', 'error'], detached: ['available', 'error'] } as const

/** The target itself: 2003, 2001, 2013, 2010, 2011 for a disk's backup and 2012 for one of a server's disks. */
export function checkTarget({ part, disk }: Target, server: ProtectableServer | undefined): void {
  const about = { disk: disk.id }
  if (server && disk.serverId !== server.id) refuse('2003', { ...about, server: server.id })
  if (disk.sizeBytes < part.resourceSizeBytes) {
    refuse('2001', { ...about, bytes: disk.sizeBytes, 'needed bytes': part.resourceSizeBytes })
  }
  if (server && !part.systemDisk && server.disks[0]?.id === disk.id) refuse('2013', about)
  if (disk.status === 'restoring-backup') refuse('2010', about)
  if (server === undefined && disk.serverId !== undefined) refuse('2011', { ...about, server: disk.serverId })
  const statuses: readonly string[] = server ? restorable.attached : restorable.detached
  if (!statuses.includes(disk.status)) refuse(server ? '2012' : '2011', { ...about, status: disk.status })
}
