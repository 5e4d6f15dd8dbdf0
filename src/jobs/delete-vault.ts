import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { countLeft } from './count-left.ts'
import { deleteAll, keepRest } from './delete-many.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'
import { requestCollection } from './request-collection.ts'

/** Deletes a vault with everything in it (semantics 3.7). One that could not be deleted can be deleted again. */
export const deleteVault: JobType = { lane: 'light', mostAttempts: 10, run, giveUp }

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const { projectId } = job
  const vaultId = textOf(job, 'vaultId')
  await deleteAll(ports, job, context, { projectId, vaultId })
  await publish(ports, job, context, async (records, at) => {
    await requestCollection(records, projectId, at)
    const resources = await records.resources.of([vaultId])
    await records.resources.remove(
      vaultId,
      resources.map(({ id }) => id),
    )
    const tags = await records.tags.of([vaultId])
    await records.tags.remove(
      vaultId,
      tags.map(({ key }) => key),
    )
    await records.vaults.remove(vaultId)
    return {}
  })
  ports.wake()
}

async function giveUp(records: Records, job: JobRecord, _failure: unknown, at: Date): Promise<void> {
  const vaultId = textOf(job, 'vaultId')
  await requestCollection(records, job.projectId, at)
  const left = await keepRest(records, { projectId: job.projectId, vaultId }, at)
  await countLeft(records, job, left)
  await records.vaults.update(vaultId, { status: 'error', updatedAt: at })
}
