import type { JobRecord } from '../ports/catalog/job.ts'
import type { OperationLogRecord } from '../ports/catalog/operation-log.ts'
import { type Deleted, deleteAll } from './delete-many.ts'
import { wireCode } from './job-failure.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { type Outcome, publish } from './publish.ts'
import { requestCollection } from './request-collection.ts'

/** Deletes a vault with everything in it; one whose backups could not all be deleted can be deleted again. */
export const deleteVault: JobType = {
  lane: 'light',
  mostAttempts: 10,
  run,
  async giveUp(records, job, _failure, at) {
    await records.vaults.update(textOf(job, 'vaultId'), { status: 'error', updatedAt: at })
  },
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const { projectId } = job
  const vaultId = textOf(job, 'vaultId')
  const deleted = await deleteAll(ports, job, context, { projectId, vaultId })
  await publish(ports, job, context, async (records, at) => {
    await requestCollection(records, projectId, at)
    if (deleted.failed > 0) {
      await records.vaults.update(vaultId, { status: 'error', updatedAt: at })
      return outcomeOf(deleted)
    }
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
    return outcomeOf(deleted)
  })
  ports.wake()
}

/** Both pairs of counters: the reference's and those one client reads (semantics 24.1 #18). */
function outcomeOf({ total, failed }: Deleted): Outcome {
  const detail: OperationLogRecord['detail'] = {
    vault_delete: { total_count: total, fail_count: failed, total_delete_count: total, fail_delete_count: failed },
  }
  if (failed === 0) return { detail }
  const errorMessage = `${failed} of ${total} backups could not be deleted; delete the vault again`
  return { status: 'failed', errorCode: wireCode('6201'), errorMessage, detail }
}
