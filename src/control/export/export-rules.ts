/**
 * Instant access: a disk backup served over NBD, to who may restore it. A session has a row from its beginning to its
 * end, and as long counts among the backup's `uses`, so that nobody deletes it underneath (6216). A share that is taken
 * back, a time that is over or a process that died end the session; the row is then removed, and the use given back.
 */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import { holdsBytes } from '../backup/backup-rules.ts'
import { visibleBackup } from '../backup/visible-backup.ts'
import { guardianOf } from '../volume/volume-rules.ts'

/** Sessions that a project may have at one time. */
export const MOST_SESSIONS = 16
/** How long a session lasts, seconds. */
export const life = { least: 60, usual: 86_400, most: 7 * 86_400 } as const
/** How long a process holds a session without renewing it, milliseconds. */
export const LEASE_MS = 60_000

/** A backup of a disk that the project may read: 6200, 9900, 2005. */
export async function exportable(
  records: Pick<Records, 'backups' | 'members'>,
  projectId: string,
  backupId: string,
): Promise<BackupRecord> {
  const { backup, member } = await visibleBackup(records, projectId, backupId)
  if (backup.resourceType === 'OS::Nova::Server')
    refuse('9900', { reason: 'name one of its disk backups', backup: backupId })
  if (member && member.status !== 'accepted') refuse('2005', { share: member.status })
  if (backup.status !== 'available') refuse('2005', { status: backup.status })
  return backup
}

/** Whether a session may go on. */
export async function isAllowed(
  records: Pick<Records, 'backups' | 'members'>,
  { projectId, backupId, expiresAt }: ExportSessionRecord,
  at: Date,
): Promise<boolean> {
  const backup = expiresAt > at ? await records.backups.find(backupId) : undefined
  if (backup === undefined || !holdsBytes(backup)) return false
  if (backup.projectId === projectId) return true
  const member = await records.members.find(guardianOf(backup), projectId)
  return member?.destProjectId === projectId && member.status === 'accepted'
}

/** Removes the row and gives the use back, once. */
export async function endSession(
  records: Pick<Records, 'backups' | 'exportSessions'>,
  { id, backupId }: ExportSessionRecord,
): Promise<void> {
  const backup = await records.backups.find(backupId)
  if (backup) await records.backups.lock(guardianOf(backup))
  const removed = await records.exportSessions.remove(id)
  if (removed && backup) await records.backups.use(guardianOf(backup), -1)
}
