import { setTimeout as pause } from 'node:timers/promises'
import type { BackupRecord } from '../ports/catalog/backup.ts'
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
  const collected = await ports.datastore.collect({
    realm,
    live: () => liveManifests(ports, realm),
    writersDrained: () => writersDrained(ports, realm, signal),
    signal,
  })
  ports.log.info({ realm, ...collected }, 'garbage collected')
  await publish(ports, job, context, async () => ({}))
}

/** Rows of one listing. */
const PAGE = 1000

/**
 * Every disk's backup that has bytes or is getting them; not those that are being deleted, or failed. Vault by vault, so
 * that no more than one vault's rows are held at a time.
 */
function liveManifests({ catalog }: JobPorts, realm: string): Promise<readonly string[]> {
  return catalog.read(async ({ backups, vaults }) => {
    const live: string[] = []
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await vaults.list(realm, {}, { limit: PAGE, offset })
      for (const vault of rows) {
        const within = await backups.within({ projectId: realm, vaultId: vault.id })
        for (const backup of within) if (mayHaveBytes(backup)) live.push(backup.id)
      }
      if (rows.length < PAGE) return live
    }
  })
}

const mayHaveBytes = ({ status }: BackupRecord): boolean => status !== 'deleting' && status !== 'error'

/** A run of a job: taken up again, it is another one. */
const runOf = ({ id, attempts }: JobRecord): string => `${id} ${attempts}`

/** Resolves when the backups that are being written at this moment have ended, one way or the other. */
async function writersDrained({ catalog, now }: JobPorts, realm: string, signal: AbortSignal): Promise<void> {
  const writing = async () => {
    const jobs = await catalog.read(records => records.jobs.open(realm, ['take-backup']))
    const at = now()
    return new Set(jobs.filter(job => job.claimedUntil !== undefined && job.claimedUntil > at).map(runOf))
  }
  let waited = await writing()
  while (waited.size > 0) {
    await pause(LOOK_EVERY, undefined, { signal })
    waited = waited.intersection(await writing())
  }
}
