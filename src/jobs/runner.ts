/**
 * Runs the jobs that requests leave in the catalog: any number of processes over one catalog, several jobs at a time in
 * each. A claim belongs to one run (its worker name is used once), is renewed while the run lives, and is asked for in
 * the transaction that publishes the run's result; who has lost it can publish nothing. A run that ends in no result
 * (its process died) lapses, and the job is taken up again.
 */
import type { JobKind, JobRecord } from '../ports/catalog/job.ts'
import { dailyRound } from './daily-round.ts'
import { garbageRound } from './garbage-round.ts'
import { JobFailure } from './job-failure.ts'
import type { JobContext, JobPorts, JobType, Lane } from './job-ports.ts'
import { kinds } from './kinds.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { openProgress } from './progress.ts'
import { ClaimLost, Stopping } from './publish.ts'
import { scrubRound } from './scrub-round.ts'
import { settle } from './settle.ts'

export interface RunnerOptions {
  /** Begins the names of all claims of this process and of those it replaces; processes side by side share it too. */
  readonly name?: string
  /** Nobody else runs jobs of this catalog: claims found at the start are of a process that is gone. */
  readonly alone?: boolean
  /** Jobs at once, by lane. */
  readonly lanes?: Partial<Readonly<Record<Lane, number>>>
  /** Milliseconds between two looks for work nobody told of (another process's, or one that waits for its time). */
  readonly lookEvery?: number
  /** Milliseconds a claim lasts unless renewed, which is done three times as often. */
  readonly claimFor?: number
  /** Milliseconds that running jobs get to finish when the runner stops; then they are given back. */
  readonly drainFor?: number
  /** Milliseconds between two rounds over everything (daily-round.ts). */
  readonly tidyEvery?: number
  readonly kinds?: Readonly<Partial<Record<JobKind, JobType>>>
}

export interface Runner {
  /** A job has been committed: look now. */
  wake(): void
  /** Takes no more jobs; resolves when those that run have finished or are given back. */
  stop(): Promise<void>
  /** Resolves when nothing runs and nothing is due. For tests and for the end of a batch. */
  idle(): Promise<void>
}

const defaults = {
  name: 'worker',
  alone: false,
  lookEvery: 1000,
  claimFor: 60_000,
  drainFor: 5000,
  tidyEvery: 24 * 60 * 60 * 1000,
  kinds,
} as const
const usualLanes: Readonly<Record<Lane, number>> = {
  backup: 1,
  restore: 2,
  light: 4,
  collect: 4,
  verify: 1,
  scrub: 1,
  replicate: 1,
  notify: 8,
}

/** A job that takes its process down with it is not tried for ever. */
const MOST_INTERRUPTIONS = 20

interface Run {
  readonly job: JobRecord
  readonly lane: Lane
  readonly worker: string
  readonly stopped: AbortController
  readonly done: Promise<void>
}

export function startRunner(ports: JobPorts, options: RunnerOptions = {}): Runner {
  const settings = { ...defaults, ...options, lanes: { ...usualLanes, ...options.lanes } }
  const thisProcess = `${settings.name}/${crypto.randomUUID()}`
  const running = new Set<Run>()
  let claims = 0
  let ended = 0
  let leftovers = settings.alone
  let begun = false
  let stopping = false

  const claim = async () => {
    const wanted = kindsWithRoom(settings, running)
    if (stopping || wanted.length === 0) return undefined
    claims += 1
    const worker = `${thisProcess}/${claims}`
    const now = ports.now()
    const until = new Date(now.getTime() + settings.claimFor)
    const job = await ports.catalog.change(({ jobs }) => jobs.claim(worker, wanted, now, until))
    return job && { job, worker }
  }

  const launch = ({ job, worker }: Pick<Run, 'job' | 'worker'>) => {
    const type = settings.kinds[job.kind]
    if (type === undefined) throw new Error(`nobody asked for a job of kind ${job.kind}`)
    const stopped = new AbortController()
    const done = runJob(ports, type, job, { worker, signal: stopped.signal }).finally(() => {
      running.delete(run)
      ended += 1
      looks.ask()
    })
    const run: Run = { job, lane: type.lane, worker, stopped, done }
    running.add(run)
  }

  /** Claims until nothing is due or every lane is full. */
  const looks = oneAtATime(async () => {
    try {
      if (leftovers) await dropClaims(ports, `${settings.name}/`)
      leftovers = false
      if (!begun) await scrubRound(ports)
      begun = true
      for (let claimed = await claim(); claimed !== undefined; claimed = await claim()) launch(claimed)
    } catch (error) {
      ports.log.error({ err: error }, 'looking for jobs failed; trying again')
    }
  })

  const tidy = async () => {
    try {
      await dailyRound(ports)
      looks.ask()
    } catch (error) {
      ports.log.warn({ err: error }, 'the daily round failed; trying again next time')
    }
  }

  const timers = [
    setInterval(() => looks.ask(), settings.lookEvery),
    setInterval(() => void renew(ports, running, settings.claimFor), settings.claimFor / 3),
    setInterval(() => void tidy(), settings.tidyEvery),
  ]
  looks.ask()

  return {
    wake: () => looks.ask(),
    async stop() {
      stopping = true
      await looks.rest()
      await drain(running, settings.drainFor)
      timers.forEach(clearInterval)
    },
    async idle() {
      // A run that ends while the last look does asks for another one.
      for (let seen = -1; seen !== ended || running.size > 0; ) {
        seen = ended
        await Promise.all([...running].map(run => run.done))
        await looks.rest()
      }
    },
  }
}

type Settings = Required<Pick<RunnerOptions, 'kinds'>> & { readonly lanes: Readonly<Record<Lane, number>> }

function kindsWithRoom({ kinds: known, lanes }: Settings, running: ReadonlySet<Run>): readonly JobKind[] {
  const busy = Map.groupBy(running, run => run.lane)
  return (Object.keys(known) as JobKind[]).filter(kind => {
    const lane = known[kind]?.lane
    return lane !== undefined && (busy.get(lane)?.length ?? 0) < lanes[lane]
  })
}

/** Never rejects: what a job throws is settled, and a settlement that fails leaves the claim to lapse. */
async function runJob(
  ports: JobPorts,
  type: JobType,
  job: JobRecord,
  { worker, signal }: Pick<JobContext, 'worker' | 'signal'>,
): Promise<void> {
  const log = ports.log.child({ job: job.id, kind: job.kind, attempt: job.attempts })
  const progress = openProgress(ports, job.operationLogId, log)
  const context: JobContext = { worker, signal, progress: progress.report }
  try {
    if (job.attempts > type.mostAttempts + MOST_INTERRUPTIONS) {
      throw new JobFailure('9910', `given up: it was begun ${job.attempts} times and always cut short`)
    }
    await progress.begin()
    await type.run({ ...ports, log }, job, context)
    log.info({}, 'job done')
  } catch (error) {
    await settle({ ...ports, log }, type, job, { ...context, error })
  } finally {
    await progress.close()
  }
}

async function renew(ports: JobPorts, running: ReadonlySet<Run>, claimFor: number): Promise<void> {
  const runs = [...running]
  if (runs.length === 0) return
  const until = new Date(ports.now().getTime() + claimFor)
  try {
    const kept = await ports.catalog.change(async ({ jobs }) => {
      const held: boolean[] = []
      for (const { job, worker } of runs) held.push(await jobs.renew(job.id, worker, until))
      return held
    })
    for (const [at, run] of runs.entries()) if (!kept[at]) run.stopped.abort(new ClaimLost(run.job.id))
  } catch (error) {
    ports.log.warn({ err: error }, 'claims could not be renewed; trying again')
  }
}

/** Waits, then tells what still runs to stop, and waits for that. */
async function drain(running: ReadonlySet<Run>, drainFor: number): Promise<void> {
  const ended = Promise.all([...running].map(run => run.done))
  const timer = setTimeout(() => {
    for (const run of running) run.stopped.abort(new Stopping())
  }, drainFor)
  await ended
  clearTimeout(timer)
}

async function dropClaims(ports: JobPorts, prefix: string): Promise<void> {
  const dropped = await ports.catalog.change(({ jobs }) => jobs.dropClaims(prefix))
  if (dropped === 0) return
  ports.log.info({ jobs: dropped }, 'taking up what an earlier process left')
  await garbageRound(ports)
}
