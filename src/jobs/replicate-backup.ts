/**
 * Makes one replica, here or in another region, through the door of wherever it goes (ports/replicas.ts). The source's
 * row is in use until the record says how it ended. A run that was cut short begins the same replica again, and sends
 * what has not come yet.
 */
import { Refusal } from '../contract/errors.ts'
import { holdsBytes } from '../control/backup/backup-rules.ts'
import { orderOf } from '../control/replication/replica-order.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { ReplicationRecord } from '../ports/catalog/replication.ts'
import { Fault } from '../ports/fault.ts'
import type { BegunReplica, ReplicaDoor } from '../ports/replicas.ts'
import { failureOf, JobFailure } from './job-failure.ts'
import { retentionOf, textOf } from './job-payload.ts'
import type { Failure, JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish, step } from './publish.ts'
import { sendDisk } from './send-disk.ts'
import { isPassing } from './settle.ts'

const MOST_ATTEMPTS = 10

export const replicateBackup: JobType = { lane: 'replicate', mostAttempts: MOST_ATTEMPTS, run, giveUp }

interface Plan {
  readonly record: ReplicationRecord
  readonly backup: BackupRecord
  readonly disks: readonly BackupRecord[]
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const plan = await step(ports, job, context, records => begin(records, job, ports.now()))
  const region = plan.record.destinationRegion
  const door = doorTo(ports, region)
  let begun: BegunReplica | undefined
  try {
    const { description } = job.payload
    const wish = { name: textOf(job, 'name'), description: String(description ?? ''), retention: retentionOf(job) }
    begun = await door.begin(orderOf(plan, wish))
    await noteBegun(ports, job, context, begun)
    if (!begun.finished) await send(ports, { door, begun, plan, context })
  } catch (error) {
    throw await asFailure(ports, { error, job, region, door, begun })
  }
  await publish(ports, job, context, async (records, at) => {
    await records.replications.update(plan.record.id, { status: 'success', progress: 100, updatedAt: at })
    await records.backups.use(plan.backup.id, -1)
    return {}
  })
}

async function begin(records: Records, job: JobRecord, at: Date): Promise<Plan> {
  const record = await records.replications.find(textOf(job, 'recordId'))
  const backup = record && (await records.backups.lock(record.sourceBackupId))
  if (record === undefined || backup === undefined) throw new JobFailure('6200', 'the backup does not exist any more')
  if (!holdsBytes(backup)) throw new JobFailure('6128', `the backup is in status ${backup.status}`)
  const disks = await records.backups.childrenOf([backup.id])
  await records.replications.update(record.id, { status: 'replicating', updatedAt: at })
  return { record, backup, disks }
}

function doorTo({ replicas, settings }: JobPorts, region: string): ReplicaDoor {
  const door = region === settings.region ? replicas.own : replicas.peer(region)?.door
  if (door === undefined || !replicas.regions.includes(region))
    throw new JobFailure('1005', `region ${region} is no destination any more`)
  return door
}

/** The record and the operation log come to name the replica. */
async function noteBegun(ports: JobPorts, job: JobRecord, context: JobContext, begun: BegunReplica): Promise<void> {
  const ids = { destinationBackupId: begun.backupId, destinationCheckpointId: begun.checkpointId }
  await step(ports, job, context, async records => {
    const at = ports.now()
    await records.replications.update(textOf(job, 'recordId'), { ...ids, updatedAt: at })
    if (job.operationLogId === undefined) return
    const log = await records.operationLogs.find(job.projectId, job.operationLogId)
    const replication = log?.detail.replication
    if (log === undefined || replication === undefined) return
    const named = { destination_backup_id: begun.backupId, destination_checkpoint_id: begun.checkpointId }
    const detail = { ...log.detail, replication: { ...replication, ...named } }
    await records.operationLogs.update(log.id, { detail, updatedAt: at })
  })
}

interface Sending {
  readonly door: ReplicaDoor
  readonly begun: BegunReplica
  readonly plan: Plan
  readonly context: JobContext
}

async function send(ports: JobPorts, { door, begun, plan, context }: Sending): Promise<void> {
  const total = plan.disks.reduce((sum, { resourceSizeBytes }) => sum + resourceSizeBytes, 0)
  const note = progressOf(ports, plan.record.id, context)
  let [before, chunks, bytes] = [0, 0, 0]
  for (const [at, disk] of plan.disks.entries()) {
    const outgoing = await ports.datastore.outgoing({ realm: disk.projectId, id: disk.id })
    const onProgress = (done: number, pages: number) =>
      note((100 * (before + (disk.resourceSizeBytes * done) / pages)) / Math.max(total, 1))
    const sent = await sendDisk(outgoing, { door, upload: begun.upload, signal: context.signal, onProgress })
    const { sizeBytes, pages } = outgoing
    const { digest } = await door.putDisk(begun.upload, { backupId: begun.disks[at] ?? '', sizeBytes, pages })
    if (digest !== outgoing.digest) throw new JobFailure('9910', 'what came into being there is not the backup')
    before += disk.resourceSizeBytes
    chunks += sent.chunks
    bytes += sent.bytes
  }
  await door.finish(begun.upload)
  ports.log.info({ replica: begun.backupId, chunks, bytes }, 'the replica is made')
}

const EVERY_MS = 1000

/** Writes the record's own progress now and then: a courtesy, as the operation log's is. */
function progressOf({ catalog, now, log }: JobPorts, recordId: string, { progress }: JobContext) {
  let last = performance.now()
  return (percent: number): void => {
    progress(percent)
    if (performance.now() - last < EVERY_MS) return
    last = performance.now()
    const patch = { progress: Math.floor(Math.min(99, percent)), updatedAt: now() }
    catalog
      .change(({ replications }) => replications.update(recordId, patch))
      .catch((error: unknown) => log.warn({ err: error }, 'progress could not be written'))
  }
}

interface Failed {
  readonly error: unknown
  readonly job: JobRecord
  readonly region: string
  readonly door: ReplicaDoor
  readonly begun: BegunReplica | undefined
}

/** What ends the run: what will not pass, or has not passed for long, is a failure that names the region. */
async function asFailure(ports: JobPorts, failed: Failed): Promise<unknown> {
  const { error, job, region, door, begun } = failed
  const isLast = isPassing(error) && job.attempts >= MOST_ATTEMPTS
  const failure = isLast
    ? new JobFailure('9910', `region ${region} did not answer`, { cause: error })
    : inWords(error, region)
  if ((isPassing(error) && !isLast) || !(failure instanceof Error) || begun === undefined || begun.finished)
    return failure
  if (!(failure instanceof JobFailure) && !(failure instanceof Fault)) return failure
  try {
    await door.abandon(begun.upload, failureOf(failure))
  } catch (unheard) {
    ports.log.warn({ err: unheard, region }, 'the destination could not be told; it takes the replica back by itself')
  }
  return failure
}

function inWords(error: unknown, region: string): unknown {
  if (error instanceof Refusal) return new JobFailure(error.code, error.message, { cause: error })
  if (error instanceof Fault && error.kind === 'denied')
    return new JobFailure('9910', `region ${region} refuses this region`, { cause: error })
  return error
}

/** The source is free again, and can be replicated anew. */
async function giveUp(records: Records, job: JobRecord, failure: Failure, at: Date): Promise<void> {
  const record = await records.replications.find(textOf(job, 'recordId'))
  if (record === undefined) return
  const patch = { status: 'fail', failCode: failure.code, failReason: failure.message, updatedAt: at } as const
  await records.replications.update(record.id, patch)
  if (await records.backups.find(record.sourceBackupId)) await records.backups.use(record.sourceBackupId, -1)
}
