import { setTimeout as pause } from 'node:timers/promises'
import { isInTheMaking } from '../control/backup/backup-rules.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'

/** Milliseconds between two looks at whether the writers that were running have ended. */
const LOOK_EVERY = 250

/**
 * Returns to the store what no backup of a realm refers to any more. What does not answer is tried for ever; a realm that
 * cannot be collected for another reason is left to the next deletion in it, or the next round.
 */
export const collectGarbage: JobType = { lane: 'collect', mostAttempts: Number.POSITIVE_INFINITY, run }

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const realm = textOf(job, 'realm')
  const { signal } = context
  await earlierDone(ports, job, realm, signal)
  const collected = await ports.datastore.collect({
    realm,
    live: () => liveManifests(ports, realm),
    unsettled: () => unsettledManifests(ports, realm),
    writersDrained: () => writersDrained(ports, realm, signal),
    bytesPerSecond: ports.integrity?.collectBytesPerSecond ?? Number.POSITIVE_INFINITY,
    signal,
  })
  ports.log.info({ realm, ...collected }, 'garbage collected')
  await publish(ports, job, context, async () => ({}))
}

/** One realm is collected by one run at a time, in whatever process: who came later waits. */
async function earlierDone({ catalog, now }: JobPorts, job: JobRecord, realm: string, signal: AbortSignal) {
  const earlier = async (): Promise<boolean> => {
    const open = await catalog.read(({ jobs }) => jobs.open(realm, ['collect-garbage']))
    const at = now()
    const first = open.find(({ claimedUntil }) => claimedUntil !== undefined && claimedUntil > at) // oldest first
    return first !== undefined && first.id !== job.id
  }
  while (await earlier()) await pause(LOOK_EVERY, undefined, { signal })
}

/** Rows of one listing. */
const PAGE = 1000

/** Ids of every disk's backup that has bytes or is getting them; not those that are being deleted, or failed. */
export async function liveManifests(ports: Pick<JobPorts, 'catalog'>, realm: string): Promise<readonly string[]> {
  const rows = await statusesIn(ports, realm)
  return rows.filter(({ status }) => status !== 'deleting' && status !== 'error').map(({ id }) => id)
}

/** Those that are getting them: a job that was cut short writes the same manifest again. */
async function unsettledManifests(ports: JobPorts, realm: string): Promise<readonly string[]> {
  const rows = await statusesIn(ports, realm)
  return rows.filter(isInTheMaking).map(({ id }) => id)
}

function statusesIn({ catalog }: Pick<JobPorts, 'catalog'>, realm: string) {
  return catalog.read(async ({ backups, vaults }) => {
    const all: Awaited<ReturnType<typeof backups.statuses>>[number][] = []
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await vaults.list(realm, {}, { limit: PAGE, offset })
      for (const vault of rows) all.push(...(await backups.statuses({ projectId: realm, vaultId: vault.id })))
      if (rows.length < PAGE) return all
    }
  })
}

/** A run of a job: taken up again, it is another one. */
const runOf = ({ id, attempts }: JobRecord): string => `${id} ${attempts}`

/** Resolves when the backups and replicas that are being written at this moment have ended, one way or the other. */
async function writersDrained({ catalog, now }: JobPorts, realm: string, signal: AbortSignal): Promise<void> {
  const writing = async () => {
    const jobs = await catalog.read(records => records.jobs.open(realm, ['take-backup', 'receive-replica']))
    const at = now()
    return new Set(jobs.filter(job => job.claimedUntil !== undefined && job.claimedUntil > at).map(runOf))
  }
  let waited = await writing()
  while (waited.size > 0) {
    await pause(LOOK_EVERY, undefined, { signal })
    waited = waited.intersection(await writing())
  }
}
