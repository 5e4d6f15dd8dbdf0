import { inOrder } from '../control/backup/backup-rules.ts'
import type { BackupPlace, BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { forgetBackup } from './forget-backup.ts'
import type { JobContext, JobPorts } from './job-ports.ts'
import { step } from './publish.ts'
import { removeRows } from './remove-rows.ts'

/** Deletes all backups of a place, oldest first, rows included. A later run goes on with what is left. */
export async function deleteAll(
  ports: JobPorts,
  job: JobRecord,
  context: JobContext,
  place: BackupPlace,
): Promise<void> {
  const backups = await ports.catalog.read(records => wholeBackups(records, place))
  for (const [position, backup] of backups.entries()) {
    context.signal.throwIfAborted()
    await forgetBackup(ports, job, context, { backupId: backup.id, extent: 'whole chain' })
    await step(ports, job, context, records => removeRows(records, backup))
    context.progress((100 * (position + 1)) / backups.length)
  }
}

/** Oldest first, without the disks' backups that belong to a server's. */
async function wholeBackups(records: Pick<Records, 'backups'>, place: BackupPlace) {
  return inOrder((await records.backups.within(place)).filter(row => row.parentId === undefined))
}

/**
 * When a deletion is given up: what has lost its bytes already goes all the same, what is untouched is what it was
 * before and can be deleted again. Answers how many those are.
 */
export async function keepRest(records: Records, place: BackupPlace, at: Date): Promise<number> {
  const backups = await wholeBackups(records, place)
  for (const backup of backups) await keepOrRemove(records, backup, at)
  return backups.filter(({ status }) => status !== 'deleting').length
}

/** As `keepRest`, for one backup. */
export async function keepOrRemove(
  records: Pick<Records, 'backups' | 'checkpoints' | 'replications'>,
  backup: BackupRecord,
  at: Date,
): Promise<void> {
  if (backup.status === 'deleting') return removeRows(records, backup)
  const children = await records.backups.childrenOf([backup.id])
  const status = backup.protectedAt === undefined ? 'error' : 'available'
  await records.backups.update([backup.id, ...children.map(({ id }) => id)], { status, updatedAt: at })
}
