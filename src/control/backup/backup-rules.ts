/**
 * The rules of backups (semantics 5). A backup's life:
 * waiting_protect -> protecting -> available | error; available -> waiting_restore -> restoring -> available;
 * available | error -> waiting_delete -> deleting -> gone. Requests make the first step, jobs the others; both hold the
 * row's lock. A server's backup is a parent whose status its children follow, except while it is restored from.
 */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord, BackupStatus } from '../../ports/catalog/backup.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { providerOf } from '../vault/vault-kinds.ts'

const inTheMaking: readonly BackupStatus[] = ['waiting_protect', 'protecting']
const readable: readonly BackupStatus[] = ['available', 'waiting_restore', 'restoring', 'waiting_delete']
const restored: readonly BackupStatus[] = ['waiting_restore', 'restoring']

export const isInTheMaking = (backup: Pick<BackupRecord, 'status'>): boolean => inTheMaking.includes(backup.status)
export const isBeingRestored = (backup: BackupRecord): boolean => restored.includes(backup.status)
/** Whether its manifest is there, and will be until its deletion begins. A failed one that waits for that has none. */
export const holdsBytes = (backup: BackupRecord): boolean =>
  backup.protectedAt !== undefined && readable.includes(backup.status)

/** The same, as they are asked of the catalog. */
export const holdingBytes = { statuses: readable, withBytes: true } as const
export const beingMade = { statuses: inTheMaking } as const
export const possibleBases = {
  statuses: readable.filter(status => status !== 'waiting_delete'),
  withBytes: true,
} as const

/** Whether the next backup of its disk can be made on top of it: it will not go meanwhile (checkDeletable). */
export const canBeBase = (backup: BackupRecord): boolean => holdsBytes(backup) && backup.status !== 'waiting_delete'

/** The backups of disks that make up a backup: its children, or itself where it is a disk's. */
export const diskBackups = (backup: BackupRecord, children: readonly BackupRecord[]): readonly BackupRecord[] =>
  backup.resourceType === 'OS::Nova::Server' ? children : [backup]

/** A server backup's disks carry the server's provider (semantics 5.2). */
export const providerOfBackup = (backup: BackupRecord): string =>
  providerOf(backup.parentId !== undefined || backup.resourceType === 'OS::Nova::Server' ? 'server' : 'disk')

/** What stands around a backup that is to be deleted by its owner's request. */
export interface Surroundings {
  readonly children: readonly BackupRecord[]
  readonly vault: VaultRecord | undefined
  /**
   * Of the top-level backups of the same resource in the same vault: one that is in the making, and the newest that
   * another can be made on top of.
   */
  readonly chain: readonly BackupRecord[]
  /** Every project's images of it, but those that could not be made. */
  readonly images: readonly ImageRecord[]
  readonly at: Date
}

/** Whether its owner may delete it (semantics 5.6): 6201, 6112, 6216, 6203, 6220, 6204, 6710. */
export function checkDeletable(backup: BackupRecord, around: Surroundings): void {
  if (backup.parentId !== undefined) refuse('6201', { reason: `it goes with the server backup ${backup.parentId}` })
  if (isBeingRestored(backup)) refuse('6216', { status: backup.status })
  if (backup.status !== 'available' && backup.status !== 'error') refuse('6201', { status: backup.status })
  checkVault(backup, around)
  if ([backup, ...around.children].some(part => part.uses > 0)) refuse('6216', { backup: backup.id })
  checkNotBase(backup, around.chain)
  const own = around.images.find(image => image.projectId === backup.projectId)
  if (own) refuse('6204', { image: own.id })
  const other = around.images[0]
  if (other) refuse('6710', { project: other.projectId })
}

function checkVault(backup: BackupRecord, { vault, at }: Surroundings): void {
  if (vault?.status === 'deleting') refuse('6201', { reason: 'its vault is being deleted' })
  if (vault && vault.status !== 'available' && vault.status !== 'lock') refuse('6112', { status: vault.status })
  const unexpired = backup.expiredAt === undefined || backup.expiredAt > at
  if (vault?.locked && backup.autoTrigger && backup.status === 'available' && unexpired) {
    refuse('6220', { vault: vault.id })
  }
}

/** The newest backup stays while the next one is made on top of it. */
function checkNotBase(backup: BackupRecord, chain: readonly BackupRecord[]): void {
  const next = chain.find(isInTheMaking)
  const newest = newestOf(chain.filter(canBeBase))
  if (next && newest?.id === backup.id) refuse('6203', { reason: `${next.name} is made on top of it` })
}

/** The youngest; of equally old ones the same one every time. */
export const newestOf = (backups: readonly BackupRecord[]): BackupRecord | undefined => inOrder(backups).at(-1)

/** Oldest first. */
export const inOrder = <B extends Pick<BackupRecord, 'id' | 'createdAt'>>(backups: readonly B[]): readonly B[] =>
  [...backups].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))
