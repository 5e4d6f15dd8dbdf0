import type { JobRecord } from '../ports/catalog/job.ts'
import type { ResourceRecord } from '../ports/catalog/resource.ts'
import { type Deleted, deleteAll } from './delete-many.ts'
import { wireCode } from './job-failure.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { type Outcome, publish } from './publish.ts'
import { requestCollection } from './request-collection.ts'

/** Takes a resource out of a vault, with all its backups there (semantics 4.3). */
export const removeResource: JobType = {
  lane: 'light',
  mostAttempts: 10,
  run,
  async giveUp(records, job) {
    await records.resources.setStatus(textOf(job, 'vaultId'), [textOf(job, 'resourceId')], 'error')
  },
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const { projectId } = job
  const vaultId = textOf(job, 'vaultId')
  const resourceId = textOf(job, 'resourceId')
  const deleted = await deleteAll(ports, job, context, { projectId, vaultId, resourceId })
  await publish(ports, job, context, async (records, at) => {
    await requestCollection(records, projectId, at)
    const resource = await records.resources.find(vaultId, resourceId)
    if (deleted.failed > 0) await records.resources.setStatus(vaultId, [resourceId], 'error')
    else await records.resources.remove(vaultId, [resourceId])
    return outcomeOf(deleted, resource)
  })
  ports.wake()
}

function outcomeOf({ total, failed }: Deleted, resource: ResourceRecord | undefined): Outcome {
  const resources = resource ? [{ id: resource.id, name: resource.name, type: resource.type }] : []
  const detail = { remove_resources: { total_count: total, fail_count: failed, resources } }
  if (failed === 0) return { detail }
  const errorMessage = `${failed} of ${total} backups could not be deleted; remove the resource again`
  return { status: 'failed', errorCode: wireCode('6115'), errorMessage, detail }
}
