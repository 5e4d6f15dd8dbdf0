import { isInTheMaking } from '../control/backup/backup-rules.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { CheckpointStatus } from '../ports/catalog/checkpoint.ts'

/** Brings a checkpoint's status in line with its backups (semantics 6); one that has none left goes. */
export async function settleCheckpoint(
  records: Pick<Records, 'checkpoints' | 'backups'>,
  projectId: string,
  checkpointId: string,
): Promise<void> {
  const checkpoint = await records.checkpoints.lock(checkpointId)
  if (checkpoint === undefined) return
  const rows = await records.backups.within({ projectId, checkpointId })
  const backups = rows.filter(backup => backup.parentId === undefined)
  if (backups.length === 0) return records.checkpoints.remove(checkpointId)
  const status = statusOf(backups)
  if (status !== checkpoint.status) await records.checkpoints.setStatus(checkpointId, status)
}

function statusOf(backups: readonly BackupRecord[]): CheckpointStatus {
  if (backups.some(isInTheMaking)) return 'protecting'
  return backups.every(backup => backup.status === 'error') ? 'error' : 'available'
}
