/**
 * Reads a backup back for who asked. What is found stands in the operation log, which has failed then; the log file, and
 * the audit trail of the sharer's project, tell the operator and the owner.
 */
import { namesFor, partsOf, verifiable } from '../control/verification/verification-rules.ts'
import type { DamagedChunk, Verified } from '../datastore/datastore.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import { JobFailure, wireCode } from './job-failure.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'
import { type Damage, tellDamage } from './tell-damage.ts'

export const verifyBackup: JobType = { lane: 'verify', mostAttempts: 5, run }

/** Problems that the operation log lists; it tells how many there are. */
const MOST_LISTED = 1000

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const backupId = textOf(job, 'backupId')
  const parts = await ports.catalog.read(records => stillReadable(records, job.projectId, backupId))
  const total = parts.reduce((sum, { resourceSizeBytes }) => sum + resourceSizeBytes, 0)
  const found: Found[] = []
  let before = 0
  for (const part of parts) {
    const onProgress = (done: number) => context.progress((100 * (before + done)) / Math.max(total, 1))
    found.push(await verifyPart(ports, job, part, { signal: context.signal, onProgress }))
    before += part.resourceSizeBytes
  }
  const damages = found.flatMap(({ damages: some }) => some)
  const sum = (count: (verified: Found) => number): number => found.reduce((all, one) => all + count(one), 0)
  await publish(ports, job, context, async (records, at) => {
    // What went meanwhile was no damage; and who may not read any more learns nothing.
    await stillReadable(records, job.projectId, backupId)
    const [first] = parts
    if (first) await tellDamage(ports, records, { realm: first.projectId, damages, jobId: job.id, at })
    const detail = {
      verify: {
        backup_id: backupId,
        part: partOf(job),
        chunks: sum(({ chunks }) => chunks),
        checked_chunks: sum(({ checkedChunks }) => checkedChunks),
        problem_count: damages.length,
        problems: await problemsFor(records, job.projectId, damages.slice(0, MOST_LISTED)),
      },
    }
    if (damages.length === 0) return { detail }
    const errorMessage = 'the backup is damaged; the next backup of the same data mends what can be mended'
    return { detail, status: 'failed', errorCode: wireCode('9910'), errorMessage }
  })
}

function partOf(job: JobRecord): number {
  const { part } = job.payload
  if (typeof part !== 'number') throw new Error(`job ${job.id} (${job.kind}) has no part`)
  return part
}

async function stillReadable(records: Records, projectId: string, backupId: string): Promise<readonly BackupRecord[]> {
  try {
    return await partsOf(records, await verifiable(records, projectId, backupId))
  } catch (cause) {
    throw new JobFailure('6200', 'the backup is not there any more, or not shared any more', { cause })
  }
}

interface Found extends Pick<Verified, 'chunks' | 'checkedChunks'> {
  readonly damages: readonly Damage[]
}

interface Following {
  readonly signal: AbortSignal
  readonly onProgress: (done: number) => void
}

async function verifyPart(ports: JobPorts, job: JobRecord, part: BackupRecord, following: Following): Promise<Found> {
  const ref = { realm: part.projectId, id: part.id }
  const bytesPerSecond = ports.integrity?.verifyBytesPerSecond ?? Number.POSITIVE_INFINITY
  try {
    const { digest } = await ports.datastore.open(ref)
    const verified = await ports.datastore.verify(ref, { ...following, part: partOf(job), bytesPerSecond })
    const other = digest === (part.digest ?? digest) ? [] : [ofManifest(part, 'it is not the one that was written')]
    return { ...verified, damages: [...other, ...verified.problems] }
  } catch (error) {
    if (!(error instanceof Fault) || (error.kind !== 'missing' && error.kind !== 'corrupt')) throw error
    return { chunks: 0, checkedChunks: 0, damages: [ofManifest(part, error.message)] }
  }
}

const ofManifest = ({ id }: BackupRecord, what: string): Damage => ({ what: `its manifest: ${what}`, backups: [id] })

/** As the asking project may know them: of backups that it does not see, not even the ids. */
async function problemsFor(records: Records, projectId: string, damages: readonly Damage[]) {
  const names = await namesFor(records, projectId, [...new Set(damages.flatMap(({ backups }) => backups))])
  return damages.map(({ what, backups, ...where }: Damage & Partial<Pick<DamagedChunk, 'chunk' | 'pack'>>) => ({
    ...where,
    what,
    backups: [...new Set(backups.flatMap(id => names.get(id) ?? []))],
  }))
}
