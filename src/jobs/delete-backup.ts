import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { keepOrRemove } from './delete-many.ts'
import { forgetBackup } from './forget-backup.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'
import { removeRows } from './remove-rows.ts'
import { requestCollection } from './request-collection.ts'

/** Deletes one backup; its space returns to the store when the garbage has been collected. */
export const deleteBackup: JobType = {
  lane: 'light',
  mostAttempts: 10,
  run,
  giveUp,
}

/** One whose bytes have been given up already goes all the same; one that is untouched is what it was. */
async function giveUp(records: Records, job: JobRecord, _failure: unknown, at: Date): Promise<void> {
  const backup = await records.backups.find(textOf(job, 'backupId'))
  if (backup === undefined) return
  await requestCollection(records, job.projectId, at)
  await keepOrRemove(records, backup, at)
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const backupId = textOf(job, 'backupId')
  await forgetBackup(ports, job, context, { backupId, extent: 'alone' })
  await publish(ports, job, context, async (records, at) => {
    const backup = await records.backups.find(backupId)
    if (backup !== undefined) await removeRows(records, backup)
    await requestCollection(records, job.projectId, at)
    return {}
  })
  ports.wake()
}
