import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { countLeft } from './count-left.ts'
import { deleteAll, keepRest } from './delete-many.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'
import { requestCollection } from './request-collection.ts'

/** Takes a resource out of a vault, with all its backups there (semantics 4.3). */
export const removeResource: JobType = { lane: 'light', mostAttempts: 10, run, giveUp }

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const { vaultId, resourceId } = placeOf(job)
  await deleteAll(ports, job, context, placeOf(job))
  await publish(ports, job, context, async (records, at) => {
    await requestCollection(records, job.projectId, at)
    await records.resources.remove(vaultId, [resourceId])
    return {}
  })
  ports.wake()
}

/** The resource stays, and can be removed again. */
async function giveUp(records: Records, job: JobRecord, _failure: unknown, at: Date): Promise<void> {
  const { vaultId, resourceId } = placeOf(job)
  await requestCollection(records, job.projectId, at)
  await countLeft(records, job, await keepRest(records, placeOf(job), at))
  await records.resources.setStatus(vaultId, [resourceId], 'error')
}

const placeOf = (job: JobRecord) => ({
  projectId: job.projectId,
  vaultId: textOf(job, 'vaultId'),
  resourceId: textOf(job, 'resourceId'),
})
