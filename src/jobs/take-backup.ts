/**
 * Takes one resource's backup: every disk of it in turn, and then all of them become available in one transaction. Disks
 * that a running machine has open are read as they all are at one moment, and where it knows what has changed since the
 * base, only that is read. A run that was cut short starts over under the same ids; what it had written is garbage, and
 * its collection is asked for.
 */
import { canBeBase, diskBackups, isInTheMaking, newestOf } from '../control/backup/backup-rules.ts'
import { isFull } from '../control/checkpoint/checkpoint-rules.ts'
import { isImport } from '../control/import/import-rules.ts'
import { applyRetention } from '../control/policy/apply-retention.ts'
import { requestHolds } from '../control/vault/hold-backups.ts'
import { occupy } from '../control/vault/occupy.ts'
import { condemnDisk } from '../control/volume/condemn-disk.ts'
import type { WrittenBackup } from '../datastore/datastore.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { DiskLocation, DiskReader } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'
import { checkMeasured, type Measured, measure, refOf, untilMeasured } from './chain.ts'
import { settleCheckpoint } from './checkpoint-progress.ts'
import { guestNote } from './guest-note.ts'
import { JobFailure, withDisk } from './job-failure.ts'
import { textOf } from './job-payload.ts'
import type { JobContext, JobPorts, JobType } from './job-ports.ts'
import { momentOf } from './moment-of.ts'
import { pruneFailed } from './prune-failed.ts'
import { ClaimLost, publish, step } from './publish.ts'
import { requestCollection } from './request-collection.ts'

export const takeBackup: JobType = { lane: 'backup', mostAttempts: 8, run, giveUp }

/** One disk to read, and the backup that will hold its bytes. */
interface Part {
  readonly holder: BackupRecord
  readonly disk: DiskRecord
  readonly base: BackupRecord | undefined
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const plan = await step(ports, job, context, records => begin(records, job, ports.now()))
  if (job.attempts > 1) await clearAway(ports, job, context, plan)
  await using moment = await momentOf(ports, plan.parts)
  const written = new Map<string, WrittenBackup>()
  const total = plan.parts.reduce((sum, { disk }) => sum + disk.sizeBytes, 0)
  let before = 0
  for (const [place, part] of plan.parts.entries()) {
    const source = moment?.locations[place] ?? part.disk
    const report = (done: number) => context.progress((100 * (before + done)) / Math.max(total, 1))
    written.set(
      part.holder.id,
      await withDisk(part.disk.name, () => write(ports, { ...part, source }, context, report)),
    )
    before += part.disk.sizeBytes
  }
  await moment?.check()
  await untilMeasured(async () => {
    const measured = await measureAll(ports, plan.parts, written)
    await publish(ports, job, context, async (records, at) => {
      await makeAvailable(records, { ...plan, written, measured, at })
      await dropImported(records, plan.parts, at)
      if (job.attempts > 1) await requestCollection(records, job.projectId, at)
      const vault = await records.vaults.find(job.projectId, plan.backup.vaultId)
      if (vault) await requestHolds(records, vault, { backup: plan.backup, at })
      await applyRetention(records, plan.backup, at)
      return await guestNote(records, job, moment?.guest)
    })
  })
  moment?.keep()
}

/**
 * Removes the manifests of a run that was cut short, whose place this run's will take. Under the vault's lock, without
 * which nobody begins or publishes, taken before the claim is asked for: a run that sleeps here until another has taken
 * its place finds that out, or keeps it waiting; it cannot wake up and remove what the other has published.
 */
async function clearAway(
  { catalog, datastore }: JobPorts,
  job: JobRecord,
  context: JobContext,
  { backup, parts }: Plan,
): Promise<void> {
  await catalog.change(async records => {
    await records.vaults.lock(job.projectId, backup.vaultId)
    if (!(await records.jobs.holds(job.id, context.worker))) throw new ClaimLost(job.id)
    for (const { holder } of parts) await datastore.removeManifest(refOf(holder))
  })
}

interface Plan {
  readonly backup: BackupRecord
  readonly parts: readonly Part[]
}

/** Marks the work as begun, and finds out what there is to read. Capacity counts now (semantics 3.4). */
async function begin(records: Records, job: JobRecord, at: Date): Promise<Plan> {
  const { projectId } = job
  const backupId = textOf(job, 'backupId')
  const found = await records.backups.find(backupId)
  const vault = found && (await records.vaults.lock(projectId, found.vaultId))
  const backup = await records.backups.lock(backupId)
  if (backup === undefined || vault === undefined) throw new JobFailure('6200', 'the backup does not exist any more')
  if (!isInTheMaking(backup)) throw new Error(`backup ${backupId} is ${backup.status} and has a job that would take it`)
  if (isFull(vault)) throw new JobFailure('6114', `vault ${vault.name} is full`)
  const holders = diskBackups(backup, await records.backups.childrenOf([backupId]))
  const parts: Part[] = []
  for (const holder of holders) parts.push(await partOf(records, holder))
  await records.backups.update([...new Set([backupId, ...holders.map(({ id }) => id)])], {
    status: 'protecting',
    updatedAt: at,
  })
  return { backup, parts }
}

async function partOf(records: Records, holder: BackupRecord): Promise<Part> {
  const { projectId, vaultId, resourceId } = holder
  const disk = await records.disks.find(projectId, resourceId)
  if (disk === undefined) throw new JobFailure('7000', `disk ${holder.resourceName} does not exist any more`)
  if (disk.status !== 'available' && disk.status !== 'in-use') {
    throw new JobFailure('7003', `disk ${disk.name} is in status ${disk.status}`)
  }
  const chain = await records.backups.within({ projectId, vaultId, resourceId })
  return { holder, disk, base: holder.incremental ? newestOf(chain.filter(canBeBase)) : undefined }
}

/** Damage that shows while a disk is opened is the image's own, and not of anything that is stored. */
async function opened({ disks }: JobPorts, from: DiskLocation): Promise<DiskReader> {
  try {
    return await disks.openReader(from)
  } catch (error) {
    if (!(error instanceof Fault && error.kind === 'corrupt')) throw error
    throw new JobFailure('7003', `the disk is no ${from.format} image that can be read whole`, { cause: error })
  }
}

async function write(
  ports: JobPorts,
  { holder, source: from, base }: Part & { readonly source: DiskLocation },
  { signal }: JobContext,
  onProgress: (doneBytes: number) => void,
): Promise<WrittenBackup> {
  await using source = await opened(ports, from)
  const realm = holder.projectId
  const changed = base && (await source.changed?.())
  return await ports.datastore.write({
    realm,
    id: holder.id,
    source,
    ...(base && { base: { realm, id: base.id } }),
    ...(changed && { changed }),
    signal,
    onProgress,
  })
}

/** An imported image has become its backup: the file goes. */
async function dropImported(records: Records, parts: readonly Pick<Part, 'disk'>[], at: Date): Promise<void> {
  for (const { disk } of parts) if (isImport(disk)) await condemnDisk(records, disk, at)
}

/** What each is to be charged with. What was written newly says too little: the rest may be garbage of a deleted one. */
async function measureAll(
  ports: JobPorts,
  parts: readonly Part[],
  written: ReadonlyMap<string, WrittenBackup>,
): Promise<ReadonlyMap<string, Measured>> {
  const measured = new Map<string, Measured>()
  for (const { holder } of parts) {
    measured.set(holder.id, await measure(ports, holder, written.get(holder.id)?.fullBytes ?? 0))
  }
  return measured
}

interface Taken {
  readonly backup: BackupRecord
  readonly parts: readonly Part[]
  readonly written: ReadonlyMap<string, WrittenBackup>
  readonly measured: ReadonlyMap<string, Measured>
  readonly at: Date
}

/** The rows come to hold what was written, and the vault is charged for it. */
async function makeAvailable(records: Records, { backup, parts, written, measured, at }: Taken): Promise<void> {
  const vault = await records.vaults.lock(backup.projectId, backup.vaultId)
  if (vault === undefined) throw new Error(`backup ${backup.id} has no vault`)
  await records.checkpoints.lock(backup.checkpointId)
  const sum = { storedBytes: 0, fullBytes: 0, resourceSizeBytes: 0 }
  const done = { status: 'available', protectedAt: at, updatedAt: at } as const
  for (const { holder, base } of parts) {
    const bytes = written.get(holder.id)
    const charge = measured.get(holder.id)
    if (bytes === undefined || charge === undefined) throw new Error(`nothing was written for backup ${holder.id}`)
    await checkMeasured(records, holder, charge)
    const { fullBytes, digest, sizeBytes } = bytes
    const storedBytes = charge.alone
    await records.backups.update([holder.id], {
      ...done,
      storedBytes,
      fullBytes,
      digest,
      resourceSizeBytes: sizeBytes,
      full: base === undefined,
    })
    sum.storedBytes += storedBytes
    sum.fullBytes += fullBytes
    sum.resourceSizeBytes += sizeBytes
  }
  const isServer = parts.every(({ holder }) => holder.id !== backup.id)
  const full = parts.every(({ base }) => base === undefined)
  if (isServer) await records.backups.update([backup.id], { ...done, ...sum, full })
  await occupy(records, vault, sum.storedBytes, at)
  await settleCheckpoint(records, backup.projectId, backup.checkpointId)
  await records.resources.setStatus(backup.vaultId, [backup.resourceId], 'available')
  await records.resources.tally(backup.vaultId, backup.resourceId, sum.storedBytes, 1)
  await records.resources.taken(backup.vaultId, backup.resourceId, full ? backup.createdAt : undefined)
}

/** The backup stays as failed, holding nothing; the resource can be tried again at once. */
async function giveUp(records: Records, job: JobRecord, _failure: unknown, at: Date): Promise<void> {
  const backupId = textOf(job, 'backupId')
  await requestCollection(records, job.projectId, at)
  const backup = await records.backups.find(backupId)
  if (backup === undefined) return
  await records.checkpoints.lock(backup.checkpointId)
  const children = await records.backups.childrenOf([backupId])
  await records.backups.update([backupId, ...children.map(({ id }) => id)], { status: 'error', updatedAt: at })
  const disk = await records.disks.find(backup.projectId, backup.resourceId)
  if (disk) await dropImported(records, [{ disk }], at)
  await pruneFailed(records, backup)
  await settleCheckpoint(records, backup.projectId, backup.checkpointId)
  await records.resources.setStatus(backup.vaultId, [backup.resourceId], 'error')
}
