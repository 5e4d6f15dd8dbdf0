import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import { settleCheckpoint } from './checkpoint-progress.ts'

/** Removes the rows of a backup that holds no bytes any more, and its checkpoint with the last of them. */
export async function removeRows(
  records: Pick<Records, 'backups' | 'checkpoints' | 'replications'>,
  backup: BackupRecord,
): Promise<void> {
  await records.checkpoints.lock(backup.checkpointId)
  const children = await records.backups.childrenOf([backup.id])
  if (children.length > 0) await records.backups.remove(children.map(({ id }) => id))
  await records.backups.remove([backup.id])
  await records.replications.forget(backup.id)
  await settleCheckpoint(records, backup.projectId, backup.checkpointId)
}
