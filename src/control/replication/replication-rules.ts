/**
 * What can be replicated, and to where (semantics 14). A record goes waiting_replicate -> replicating -> success | fail;
 * while it waits or runs, its source is in use. One replica per backup and region: again once that replica is gone.
 */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { ReplicaGround, Replicas, ReplicaVault } from '../../ports/replicas.ts'

/** Replicas a backup may have, in all regions together. */
const MOST_REPLICAS = 10

export interface Destination {
  readonly region: string
  readonly projectId: string
  readonly vaultId: string
}

export const isRunning = ({ status }: ReplicationRecord): boolean =>
  status === 'waiting_replicate' || status === 'replicating'

/** 1005. */
export function checkRegion({ regions }: Pick<Replicas, 'regions'>, region: string): void {
  if (!regions.includes(region)) refuse('1005', { region })
}

/** Whether the backup is one that is replicated at all: 1002, 6122, 6209. */
export function checkReplicable(backup: BackupRecord, vault: VaultRecord | undefined): void {
  if (vault && vault.objectType !== 'server') refuse('6122', { object_type: vault.objectType })
  if (backup.parentId !== undefined) refuse('1002', { reason: `it goes with the server backup ${backup.parentId}` })
  if (backup.imageType !== 'backup') refuse('1002', { image_type: backup.imageType })
  if (backup.resourceType !== 'OS::Nova::Server') refuse('1002', { type: backup.resourceType })
  if (!backup.containSystemDisk) refuse('6209', { backup: backup.id })
}

/** Whether a vault's backups are replicated at all: 6122, 1002. */
export function checkSourceVault({ objectType, protectType }: VaultRecord): void {
  if (objectType !== 'server') refuse('6122', { object_type: objectType })
  if (protectType !== 'backup') refuse('1002', { protect_type: protectType })
}

/** Whether it is now: 6128. */
export function checkReady(backup: BackupRecord): void {
  if (backup.status !== 'available') refuse('6128', { status: backup.status })
}

/**
 * What there is of it already: 1009, 1012. `existing` are ids of the replicas that are still in the region; nobody has
 * looked into others, whose replicas count.
 */
export function checkFirst(records: readonly ReplicationRecord[], region: string, existing: readonly string[]): void {
  const isThere = ({ status, destinationBackupId: id, ...record }: ReplicationRecord): boolean =>
    status === 'success' && (record.destinationRegion !== region || (id !== undefined && existing.includes(id)))
  const standing = records.filter(record => isRunning(record) || isThere(record))
  const same = standing.find(record => record.destinationRegion === region)
  if (same) refuse('1009', { record: same.id, status: same.status })
  if (standing.length >= MOST_REPLICAS) refuse('1012', { replicas: standing.length })
}

/** The vault that is to take it, as it was seen: 6120, 6119, 6129. */
export function checkGround({ vault }: Pick<ReplicaGround, 'vault'>, vaultId: string, neededBytes: number): void {
  const { freeBytes } = checkTakesReplicas(vault, vaultId)
  if (freeBytes <= neededBytes) refuse('6129', { 'free bytes': freeBytes, 'needed more than': neededBytes })
}

/** 6120, 6119. */
export function checkTakesReplicas(vault: ReplicaVault | undefined, vaultId: string): ReplicaVault {
  if (vault === undefined) refuse('6120', { vault: vaultId })
  const { protectType, objectType, status } = vault
  if (protectType !== 'replication' || objectType !== 'server')
    refuse('6119', { vault: vaultId, protect_type: protectType })
  if (status !== 'available' && status !== 'lock') refuse('6119', { vault: vaultId, status })
  return vault
}
