/**
 * Automatic backups of a locked vault are kept below the API, too (semantics 3.6): the store is told until when each has to
 * stay. That is a job's, asked for in the transaction that makes it necessary.
 */
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'

/** Of one backup, or without it of all that are in the vault. Nothing is asked for where the vault is not locked. */
export async function requestHolds(
  records: Pick<Records, 'jobs'>,
  vault: Pick<VaultRecord, 'id' | 'projectId' | 'locked'>,
  { backup, at }: { readonly backup?: BackupRecord; readonly at: Date },
): Promise<boolean> {
  if (!vault.locked || backup?.autoTrigger === false) return false
  await records.jobs.insert([
    {
      id: crypto.randomUUID(),
      kind: 'hold-backups',
      projectId: vault.projectId,
      payload: { vaultId: vault.id, ...(backup && { backupId: backup.id }) },
      createdAt: at,
      runAfter: at,
      attempts: 0,
    },
  ])
  return true
}
