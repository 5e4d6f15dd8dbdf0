import { inOrder } from '../control/backup/backup-rules.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import { removeRows } from './remove-rows.ts'

/** Failed automatic backups that are kept of a resource (semantics 10). */
const MOST_FAILED = 10

/** Removes the oldest failed automatic backups of the resource beyond the ten that are kept. They hold no bytes. */
export async function pruneFailed(
  records: Pick<Records, 'backups' | 'checkpoints' | 'replications'>,
  { projectId, vaultId, resourceId }: BackupRecord,
): Promise<void> {
  const rows = await records.backups.within({ projectId, vaultId, resourceId })
  const failed = rows.filter(row => row.parentId === undefined && row.autoTrigger && row.status === 'error')
  for (const backup of inOrder(failed).slice(0, -MOST_FAILED)) {
    await removeRows(records, backup)
  }
}
