/**
 * Verification: a backup's bytes read back and checked, for who may restore them. It holds nothing: whoever deletes the
 * backup or takes the share back meanwhile ends it.
 */
import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { diskBackups, holdsBytes } from '../backup/backup-rules.ts'
import { visibleBackup } from '../backup/visible-backup.ts'

type Looked = Pick<Records, 'backups' | 'members'>

/** A backup that the project may read, its own or an accepted share: 6200, 2005. */
export async function verifiable(records: Looked, projectId: string, backupId: string): Promise<BackupRecord> {
  const { backup, member } = await visibleBackup(records, projectId, backupId)
  if (member && member.status !== 'accepted') refuse('2005', { share: member.status })
  if (!holdsBytes(backup)) refuse('2005', { status: backup.status })
  return backup
}

/** The disks' backups that make it up. */
export async function partsOf(records: Looked, backup: BackupRecord): Promise<readonly BackupRecord[]> {
  return diskBackups(backup, await records.backups.childrenOf([backup.id]))
}

/** Of disks' backups those that the project sees, as it knows them: a server's by the server's backup. */
export async function namesFor(
  records: Pick<Records, 'backups' | 'members'>,
  projectId: string,
  diskBackupIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for (const id of diskBackupIds) {
    const backup = await records.backups.find(id)
    if (backup === undefined) continue
    const whole = backup.parentId ?? backup.id
    if (backup.projectId === projectId || (await isAccepted(records, whole, projectId))) names.set(id, whole)
  }
  return names
}

async function isAccepted(records: Looked, backupId: string, projectId: string): Promise<boolean> {
  const member = await records.members.find(backupId, projectId)
  return member?.destProjectId === projectId && member.status === 'accepted'
}
