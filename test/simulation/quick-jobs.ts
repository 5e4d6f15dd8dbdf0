/**
 * Backups and deletions of disks in one transaction each, for a thousand vaults: what the jobs do beside the bytes, and
 * none of what they do against failures. A smaller year runs the real ones (year.test.ts).
 */
import { applyRetention } from '../../src/control/policy/apply-retention.ts'
import { settleCheckpoint } from '../../src/jobs/checkpoint-progress.ts'
import type { JobType } from '../../src/jobs/job-ports.ts'
import { kinds } from '../../src/jobs/kinds.ts'
import { publish } from '../../src/jobs/publish.ts'
import { removeRows } from '../../src/jobs/remove-rows.ts'
import type { BackupRecord } from '../../src/ports/catalog/backup.ts'
import type { Records } from '../../src/ports/catalog/catalog.ts'
import type { JobKind, JobRecord } from '../../src/ports/catalog/job.ts'

const quick = (work: (records: Records, backup: BackupRecord, at: Date) => Promise<unknown>): JobType['run'] => {
  return (ports, job, context) =>
    publish(ports, job, context, async (records, at) => {
      await work(records, await backupOf(records, job), at)
      return {}
    })
}

async function backupOf(records: Records, { payload }: JobRecord): Promise<BackupRecord> {
  const backup = await records.backups.find(String(payload.backupId))
  if (backup === undefined) throw new Error(`there is no backup ${payload.backupId}`)
  return backup
}

const take = quick(async (records, backup, at) => {
  const { id, projectId, vaultId, resourceId, checkpointId } = backup
  await records.vaults.lock(projectId, vaultId)
  await records.backups.update([id], { status: 'available', protectedAt: at, updatedAt: at })
  await settleCheckpoint(records, projectId, checkpointId)
  await records.resources.setStatus(vaultId, [resourceId], 'available')
  await applyRetention(records, backup, at)
})

export const quickKinds: Readonly<Partial<Record<JobKind, JobType>>> = {
  'take-backup': { ...kinds['take-backup'], run: take },
  'delete-backup': { ...kinds['delete-backup'], run: quick(removeRows) },
}
