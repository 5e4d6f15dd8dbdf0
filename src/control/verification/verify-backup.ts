import type { Records } from '../../ports/catalog/catalog.ts'
import type { Ports } from '../../ports/ports.ts'
import { providerOfBackup } from '../backup/backup-rules.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import type { ProjectCaller } from '../use-case.ts'
import { verifiable } from './verification-rules.ts'

export interface VerificationOrder {
  readonly backupId: string
  /** How much of the chunks is read: 0 none, 1 all. */
  readonly part: number
}

/**
 * Starts a verification; answers the operation log's id. One of the same backup and part that this project has waiting or
 * running already is answered instead: asking again makes it no truer.
 */
export async function verifyBackup(
  ports: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  caller: ProjectCaller,
  order: VerificationOrder,
): Promise<{ readonly job_id: string }> {
  const jobId = await ports.catalog.change(async records => {
    const backup = await verifiable(records, caller.projectId, order.backupId)
    const open = await openJob(records, caller.projectId, order)
    if (open !== undefined) return open
    return startOperation(records, {
      type: 'verify',
      projectId: caller.projectId,
      requestId: caller.requestId,
      at: ports.now(),
      resource: { id: backup.resourceId, name: backup.resourceName, type: backup.resourceType },
      detail: { verify: { backup_id: backup.id, part: order.part } },
      job: 'verify-backup',
      payload: { ...order },
      providerId: providerOfBackup(backup),
    })
  })
  ports.wake()
  return { job_id: jobId }
}

async function openJob(records: Pick<Records, 'jobs'>, projectId: string, { backupId, part }: VerificationOrder) {
  const jobs = await records.jobs.open(projectId, ['verify-backup'])
  return jobs.find(({ payload }) => payload.backupId === backupId && payload.part === part)?.operationLogId
}
