import { tellFailed } from '../control/operation-log/tell-failed.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { OperationLogRecord } from '../ports/catalog/operation-log.ts'
import type { JobContext, JobPorts } from './job-ports.ts'

/** The claim ran out and somebody else may be at the job: whatever this run did must not become visible. */
export class ClaimLost extends Error {
  constructor(jobId: string) {
    super(`the claim of job ${jobId} was lost`)
    this.name = 'ClaimLost'
  }
}

/** The runner stops: the job is given back, and taken up again from the start of its run. */
export class Stopping extends Error {
  constructor() {
    super('the runner stops')
    this.name = 'Stopping'
  }
}

/** What ends up in the operation log besides success. */
export type Outcome = Partial<Pick<OperationLogRecord, 'status' | 'detail' | 'errorCode' | 'errorMessage'>>

/** One transaction of a running job: nothing of it happens (ClaimLost) unless the claim still holds. */
export function step<T>(
  ports: Pick<JobPorts, 'catalog'>,
  job: JobRecord,
  context: JobContext,
  work: (records: Records) => Promise<T>,
): Promise<T> {
  return ports.catalog.change(async records => {
    if (!(await records.jobs.holds(job.id, context.worker))) throw new ClaimLost(job.id)
    return work(records)
  })
}

/**
 * A job's last transaction: publishes what `work` writes, ends the operation log (with success unless the
 * outcome says otherwise) and removes the job, all or nothing, and only while the claim holds.
 */
export async function publish(
  ports: Pick<JobPorts, 'catalog' | 'now'>,
  job: JobRecord,
  context: JobContext,
  work: (records: Records, at: Date) => Promise<Outcome>,
): Promise<void> {
  await step(ports, job, context, async records => {
    const at = ports.now()
    const outcome = await work(records, at)
    await endOperation(records, job, at, { status: 'success', ...outcome })
  })
}

/** Ends the job's operation log, if it has one, and removes the job. */
export async function endOperation(records: Records, job: JobRecord, at: Date, outcome: Outcome): Promise<void> {
  if (job.operationLogId !== undefined) {
    await records.operationLogs.update(job.operationLogId, {
      ...outcome,
      ...(outcome.status === 'success' && { progress: 100 }),
      endedAt: at,
      updatedAt: at,
    })
    const log = outcome.status === 'failed' && (await records.operationLogs.find(job.projectId, job.operationLogId))
    if (log) await tellFailed(records, log, at)
  }
  await records.jobs.finish(job.id)
}
