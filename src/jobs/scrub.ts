/**
 * Reads all that a realm has stored back, once in so many days. There is one such job per realm, always: it waits for its
 * turn, is run, and leaves the next one. How far it has come stands in its payload, so that a restart does not begin
 * anew; so does what the last round found, for the metrics.
 */
import type { Checked, DamagedObject } from '../datastore/datastore.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { ClaimLost, publish } from './publish.ts'
import { type Damage, tellDamage } from './tell-damage.ts'

export const scrub: JobType = { lane: 'scrub', mostAttempts: Number.POSITIVE_INFINITY, run, giveUp }

const DAY_MS = 24 * 60 * 60 * 1000
/** How much is read again at most after a crash. */
const KEEP_EVERY_MS = 10_000

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const realm = textOf(job, 'realm')
  const after = afterOf(job)
  const checked = await ports.datastore.check({
    realm,
    read: true,
    ...(after !== undefined && { after }),
    bytesPerSecond: ports.integrity?.scrub?.bytesPerSecond ?? Number.POSITIVE_INFINITY,
    signal: context.signal,
    onPack: keeper(ports, job, context),
  })
  const damages = [...checked.damaged, ...checked.problems.map(asDamage)]
  const { manifests, packs, readBytes } = checked
  ports.log.info({ realm, manifests, packs, readBytes, damaged: damages.length }, 'scrubbed')
  await publish(ports, job, context, async (records, at) => {
    await tellDamage(ports, records, { realm, damages, jobId: job.id, at })
    await leaveNext(ports, records, { realm, scrubbedAt: at.getTime(), damaged: neededIn(checked) }, at)
    return {}
  })
}

const asDamage = ({ object, id, what, backups }: DamagedObject): Damage => ({
  what: `${object} ${id}: ${what}`,
  backups,
})

/** How much of what was found any backup needs. */
const neededIn = ({ damaged, problems }: Checked): number =>
  [...damaged, ...problems].filter(({ backups }) => backups.length > 0).length

function afterOf(job: JobRecord): string | undefined {
  const { after } = job.payload
  return typeof after === 'string' ? after : undefined
}

/** Writes down now and then which packs are done. */
function keeper({ catalog }: JobPorts, job: JobRecord, { worker }: JobContext) {
  let kept = performance.now()
  return async (pack: string): Promise<void> => {
    if (performance.now() - kept < KEEP_EVERY_MS) return
    kept = performance.now()
    const payload = { ...job.payload, after: pack }
    if (!(await catalog.change(({ jobs }) => jobs.keep(job.id, worker, payload)))) throw new ClaimLost(job.id)
  }
}

/** One that cannot be scrubbed at all (its key is damaged, say) has its next turn all the same. */
async function giveUp(records: Records, job: JobRecord, _failure: unknown, at: Date): Promise<void> {
  const { after: _done, ...payload } = job.payload
  await insert(records, payload, at, new Date(at.getTime() + DAY_MS))
}

/** What a waiting scrub tells of the last one. */
export interface LastScrub {
  readonly realm: string
  /** Milliseconds since 1970; absent before the first. */
  readonly scrubbedAt?: number
  readonly damaged: number
}

export function lastScrub({ projectId, payload }: JobRecord): LastScrub {
  const { scrubbedAt, damaged } = payload
  return {
    realm: projectId,
    ...(typeof scrubbedAt === 'number' && { scrubbedAt }),
    damaged: typeof damaged === 'number' ? damaged : 0,
  }
}

/** The next scrub of a realm, where scrubs are wanted. */
export async function leaveNext(
  { integrity }: Pick<JobPorts, 'integrity'>,
  records: Pick<Records, 'jobs'>,
  last: LastScrub,
  at: Date,
): Promise<void> {
  if (integrity?.scrub === undefined) return
  await insert(records, { ...last }, at, new Date(at.getTime() + integrity.scrub.everyDays * DAY_MS))
}

function insert(records: Pick<Records, 'jobs'>, payload: JobRecord['payload'], at: Date, runAfter: Date) {
  const { realm } = payload
  if (typeof realm !== 'string') throw new Error('a scrub is of a realm')
  const id = crypto.randomUUID()
  return records.jobs.insert([{ id, kind: 'scrub', projectId: realm, payload, createdAt: at, runAfter, attempts: 0 }])
}
