/** Whether resources may move from one vault to another (semantics 4.4). */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { checkChangeable, checkNotLocked, freeBytes } from '../vault/vault-rules.ts'

const SETTLED: readonly BackupRecord['status'][] = ['available', 'error']

/** 6102 for vaults of different kinds; 6112 and 6110 for what their states forbid. */
export function checkVaultsFit(source: VaultRecord, destination: VaultRecord): void {
  const { objectType, protectType } = source
  if (objectType !== destination.objectType || protectType !== destination.protectType) {
    refuse('6102', { source: `${objectType} ${protectType}`, destination: destination.objectType })
  }
  for (const vault of [source, destination]) {
    checkChangeable(vault)
    checkNotLocked(vault)
  }
}

/** No task runs in either vault: 6125. */
export function checkAtRest(backups: readonly BackupRecord[]): void {
  const busy = backups.find(({ status, uses }) => !SETTLED.includes(status) || uses > 0)
  if (busy !== undefined) refuse('6125', { backup: busy.id, vault: busy.vaultId, status: busy.status })
}

/** Strictly more than the backups need: 6129. */
export function checkRoomFor(bytes: number, destination: VaultRecord): void {
  const free = freeBytes(destination)
  if (free <= bytes) refuse('6129', { 'free bytes': free, 'needed more than': bytes })
}
