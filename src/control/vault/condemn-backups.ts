/**
 * Backups that go with their vault or their resource. From the transaction that accepts the deletion they are
 * `waiting_delete`, so that nobody restores, shares or registers them any more; the job deletes them.
 */
import { type ErrorCode, refuse } from '../../contract/errors.ts'
import type { BackupPlace, BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { dropMembersOf, isHeld, type ShareRecords } from '../member/member-release.ts'

/** The codes that say what runs: they differ between deleting a vault and dissociating a resource. */
export interface RunningCodes {
  readonly backup: ErrorCode
  readonly restore: ErrorCode
}

/** What keeps backups from being deleted: a running task, a reader (6216), an image of the owner (6204) or a recipient (6710). */
export async function checkDeletable(
  records: Pick<Records, 'images'>,
  projectId: string,
  backups: readonly BackupRecord[],
  running: RunningCodes,
): Promise<void> {
  for (const { id, status, uses } of backups) {
    if (status === 'waiting_protect' || status === 'protecting') refuse(running.backup, { backup: id })
    if (status === 'waiting_restore' || status === 'restoring') refuse(running.restore, { backup: id })
    if (uses > 0) refuse('6216', { backup: id })
  }
  const images = (await records.images.ofBackups(idsOf(backups.filter(isWhole)))).filter(isHeld)
  const own = images.find(image => image.projectId === projectId)
  if (own !== undefined) refuse('6204', { image: own.id, backup: own.backupId })
  const [foreign] = images
  if (foreign !== undefined) refuse('6710', { image: foreign.id, backup: foreign.backupId })
}

/** Marks them, which holds their rows, and ends their shares. Those whose deletion runs already stay as they are. */
export async function condemnBackups(
  records: ShareRecords & Pick<Records, 'images'>,
  backups: readonly BackupRecord[],
  at: Date,
): Promise<void> {
  const alive = backups.filter(({ status }) => status !== 'waiting_delete' && status !== 'deleting')
  await records.backups.update(idsOf(alive), { status: 'waiting_delete', updatedAt: at })
  await dropMembersOf(records, alive.filter(isWhole), at)
}

/** The backups taken of one resource in a vault, with the disks' backups that belong to them. */
export async function takenOf(
  records: Pick<Records, 'backups'>,
  place: Required<Pick<BackupPlace, 'projectId' | 'vaultId' | 'resourceId'>>,
): Promise<readonly BackupRecord[]> {
  const taken = (await records.backups.within(place)).filter(isWhole)
  return [...taken, ...(await records.backups.childrenOf(idsOf(taken)))]
}

/** Whether it is a backup of its own, not the disk of a server's backup. */
export const isWhole = (backup: BackupRecord): boolean => backup.parentId === undefined

const idsOf = (backups: readonly BackupRecord[]): readonly string[] => backups.map(backup => backup.id)
