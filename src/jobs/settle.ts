import type { JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import { failureOf, JobFailure } from './job-failure.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { ClaimLost, endOperation, Stopping, step } from './publish.ts'

const SHORTEST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 5 * 60 * 1000

interface Ended extends JobContext {
  readonly error: unknown
}

/**
 * What becomes of a job whose run threw: given back when the runner stops, tried again later when the outside failed for
 * a time, else given up with its operation log and everything it had put into a transitional state.
 */
export async function settle(ports: JobPorts, type: JobType, job: JobRecord, ended: Ended): Promise<void> {
  const { error, signal } = ended
  try {
    if (signal.reason instanceof Stopping) await release(ports, job, ended, 0)
    else if (signal.reason instanceof ClaimLost || error instanceof ClaimLost) noteLost(ports, error)
    else if (isPassing(error) && job.attempts < type.mostAttempts) {
      const wait = Math.min(SHORTEST_WAIT_MS * 2 ** (job.attempts - 1), LONGEST_WAIT_MS)
      ports.log.warn({ err: error, wait }, 'job failed; trying again later')
      await release(ports, job, ended, wait)
    } else await giveUp(ports, type, job, ended)
  } catch (failed) {
    if (failed instanceof ClaimLost) noteLost(ports, error)
    else ports.log.error({ err: failed, because: error }, 'a failed job could not be settled; its claim will run out')
  }
}

const noteLost = ({ log }: JobPorts, error: unknown): void =>
  log.warn({ err: error }, 'the claim was lost; somebody else goes on')

/** Whether trying again later may help. */
export const isPassing = (error: unknown): boolean => error instanceof Fault && !error.permanent

const release = (ports: JobPorts, job: JobRecord, { worker }: Ended, wait: number): Promise<void> =>
  ports.catalog.change(({ jobs }) => jobs.release(job.id, worker, new Date(ports.now().getTime() + wait)))

async function giveUp(ports: JobPorts, type: JobType, job: JobRecord, ended: Ended): Promise<void> {
  const { error } = ended
  const failure = failureOf(error)
  if (error instanceof JobFailure) ports.log.warn({ err: error }, 'job given up')
  else ports.log.error({ err: error }, 'job given up')
  await step(ports, job, ended, async records => {
    const at = ports.now()
    await type.giveUp?.(records, job, failure, at)
    await endOperation(records, job, at, {
      status: 'failed',
      errorCode: failure.code,
      errorMessage: failure.message,
    })
  })
  ports.wake()
}
