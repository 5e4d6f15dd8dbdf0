/**
 * Writes a backup back onto the disks it was mapped to. Statuses keep everybody else off: the disks are
 * `restoring-backup` from the request on; once all of them are open and large enough, the backup goes from
 * `waiting_restore` to `restoring`, the server is stopped, and the first byte is written. Before that, a failure leaves
 * everything as it was; after it, disks in `error`, for another restore to mend. A run that was cut short starts over:
 * writing the same bytes to the same places again changes nothing.
 */
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { DiskWriter } from '../ports/disks.ts'
import { JobFailure, withDisk } from './job-failure.ts'
import { textOf } from './job-payload.ts'
import type { Failure, JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish, step } from './publish.ts'

export const restoreBackup: JobType = { lane: 'restore', mostAttempts: 5, run, giveUp }

interface Target {
  readonly part: BackupRecord
  readonly disk: DiskRecord
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  const { backup, targets } = await ports.catalog.read(records => planned(records, job))
  {
    await using opened = new AsyncDisposableStack()
    const writers: DiskWriter[] = []
    for (const target of targets) writers.push(opened.use(await withDisk(target.disk.name, () => open(ports, target))))
    await step(ports, job, context, records => begin(records, job, ports.now()))
    await write({ ports, context, targets, writers })
  }
  await publish(ports, job, context, async (records, at) => {
    await records.backups.update([backup.id], { status: 'available', updatedAt: at })
    for (const { disk } of targets) await leave(records, disk, at)
    await records.resources.setStatus(backup.vaultId, [backup.resourceId], 'available')
    const { serverId, powerOn } = job.payload
    if (typeof serverId === 'string' && powerOn !== false) await records.servers.setStatus(serverId, 'ACTIVE')
    return {}
  })
}

async function planned(records: Records, job: JobRecord) {
  const backupId = textOf(job, 'backupId')
  const backup = await records.backups.find(backupId)
  if (backup === undefined) throw new Error(`backup ${backupId} went although it is being restored`)
  const targets: Target[] = []
  for (const target of targetsOf(job)) {
    const part = await records.backups.find(target.backupId)
    const disk = await records.disks.find(job.projectId, target.diskId)
    if (part === undefined || disk === undefined) {
      throw new JobFailure('7000', 'a disk to restore does not exist any more')
    }
    targets.push({ part, disk })
  }
  return { backup, targets }
}

async function open({ disks }: JobPorts, { part, disk }: Target): Promise<DiskWriter> {
  const writer = await disks.openWriter(disk)
  if (writer.sizeBytes >= part.resourceSizeBytes) return writer
  await writer[Symbol.asyncDispose]()
  throw new JobFailure('2001', `disk ${disk.name} has become smaller than its backup`)
}

/** From here on the targets are no more what they were. */
async function begin(records: Records, job: JobRecord, at: Date): Promise<void> {
  await records.backups.update([textOf(job, 'backupId')], { status: 'restoring', updatedAt: at })
  const { serverId } = job.payload
  if (typeof serverId === 'string') await records.servers.setStatus(serverId, 'SHUTOFF')
}

interface Writing {
  readonly ports: JobPorts
  readonly context: JobContext
  readonly targets: readonly Target[]
  /** Of the targets, in their order. */
  readonly writers: readonly DiskWriter[]
}

async function write({ ports, context, targets, writers }: Writing): Promise<void> {
  const total = targets.reduce((sum, { part }) => sum + part.resourceSizeBytes, 0)
  let before = 0
  for (const [at, { part, disk }] of targets.entries()) {
    const writer = writers[at]
    if (writer === undefined) throw new Error(`disk ${disk.id} has not been opened`)
    const onProgress = (done: number) => context.progress((100 * (before + done)) / Math.max(total, 1))
    const from = { realm: part.projectId, id: part.id }
    await withDisk(disk.name, () => ports.datastore.restore(from, writer, { signal: context.signal, onProgress }))
    before += part.resourceSizeBytes
  }
}

/** Back to what it was before. */
const leave = (records: Records, disk: DiskRecord, at: Date): Promise<void> =>
  records.disks.update(disk.id, { status: disk.serverId === undefined ? 'available' : 'in-use', updatedAt: at })

async function giveUp(records: Records, job: JobRecord, failure: Failure, at: Date): Promise<void> {
  const backup = await records.backups.lock(textOf(job, 'backupId'))
  if (backup === undefined) return
  const untouched = backup.status === 'waiting_restore'
  await records.backups.update([backup.id], { status: 'available', updatedAt: at })
  for (const { diskId } of targetsOf(job)) {
    const disk = await records.disks.lock(job.projectId, diskId)
    if (disk && untouched) await leave(records, disk, at)
    else if (disk) await records.disks.update(diskId, { status: 'error', failure: failure.message, updatedAt: at })
  }
  await records.resources.setStatus(backup.vaultId, [backup.resourceId], untouched ? 'available' : 'error')
}

/** The payload's targets. It is our own, so that a wrong one is a bug. */
function targetsOf(job: JobRecord): readonly { readonly backupId: string; readonly diskId: string }[] {
  const { targets } = job.payload
  if (!Array.isArray(targets)) throw new Error(`job ${job.id} (${job.kind}) has no targets`)
  return targets.map((target: { readonly backupId?: unknown; readonly diskId?: unknown }) => {
    const { backupId, diskId } = target
    if (typeof backupId !== 'string' || typeof diskId !== 'string') throw new Error(`job ${job.id} has a wrong target`)
    return { backupId, diskId }
  })
}
