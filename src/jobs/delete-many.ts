import { inOrder } from '../control/backup/backup-rules.ts'
import type { BackupPlace } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { forgetBackup } from './forget-backup.ts'
import type { JobContext, JobPorts } from './job-ports.ts'
import { ClaimLost, step } from './publish.ts'
import { removeRows } from './remove-rows.ts'
import { isPassing } from './settle.ts'

export interface Deleted {
  readonly total: number
  readonly failed: number
}

/**
 * Deletes all backups of a place, oldest first, rows included. One that fails for good is counted and left; others go.
 * A later run goes on with what is left, so that `total` counts what this run found.
 */
export async function deleteAll(
  ports: JobPorts,
  job: JobRecord,
  context: JobContext,
  place: BackupPlace,
): Promise<Deleted> {
  const rows = await ports.catalog.read(({ backups }) => backups.within(place))
  const backups = inOrder(rows.filter(row => row.parentId === undefined))
  let failed = 0
  for (const [position, backup] of backups.entries()) {
    context.signal.throwIfAborted()
    try {
      await forgetBackup(ports, job, context, { backupId: backup.id, extent: 'whole chain' })
      await step(ports, job, context, records => removeRows(records, backup))
    } catch (error) {
      if (error instanceof ClaimLost || context.signal.aborted || isPassing(error)) throw error
      ports.log.error({ err: error, backup: backup.id }, 'a backup could not be deleted')
      failed += 1
      await step(ports, job, context, records => markFailed(records, backup.id, ports.now()))
    }
    context.progress((100 * (position + 1)) / backups.length)
  }
  return { total: backups.length, failed }
}

/** What has lost its bytes is of no use any more, but can be deleted once again. */
async function markFailed(records: Pick<Records, 'backups'>, backupId: string, at: Date): Promise<void> {
  const backup = await records.backups.lock(backupId)
  if (backup?.status !== 'deleting') return
  const children = await records.backups.childrenOf([backupId])
  await records.backups.update([backupId, ...children.map(({ id }) => id)], { status: 'error', updatedAt: at })
}
