import { refuse } from '../../contract/errors.ts'
import type { BackupRecord, VisibleBackup } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'

type Looked = Pick<Records, 'backups' | 'members'>

/**
 * A backup of the project's own, or one that is shared to it and that it has not rejected; a shared server backup brings
 * its disks' backups along. To all others it does not exist: 6200.
 */
export async function visibleBackup(records: Looked, projectId: string, id: string): Promise<VisibleBackup> {
  return sight(records, projectId, id, await records.backups.find(id))
}

/** As `visibleBackup`, and holds the backup's row. */
export async function lockVisibleBackup(records: Looked, projectId: string, id: string): Promise<VisibleBackup> {
  return sight(records, projectId, id, await records.backups.lock(id))
}

async function sight(
  records: Looked,
  projectId: string,
  id: string,
  backup: BackupRecord | undefined,
): Promise<VisibleBackup> {
  if (backup === undefined) refuse('6200', { backup: id })
  if (backup.projectId === projectId) return { backup }
  const member = await records.members.find(backup.parentId ?? backup.id, projectId)
  if (member === undefined || member.destProjectId !== projectId || member.status === 'rejected') {
    refuse('6200', { backup: id })
  }
  return {
    backup,
    member: { status: member.status, ...(member.vaultId !== undefined && { vaultId: member.vaultId }) },
  }
}
