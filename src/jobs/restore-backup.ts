/**
 * Writes a backup back onto the disks it was mapped to. Statuses keep everybody else off: the backup is `restoring`, the
 * disks are `restoring-backup`, the server is stopped. A run that was cut short starts over; writing the same bytes to
 * the same places again changes nothing. What failed leaves the disks in `error`, for another restore to mend.
 */
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
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
  const { backup, targets } = await step(ports, job, context, records => begin(records, job, ports.now()))
  const total = targets.reduce((sum, { part }) => sum + part.resourceSizeBytes, 0)
  let before = 0
  for (const target of targets) {
    const report = (done: number) => context.progress((100 * (before + done)) / Math.max(total, 1))
    await withDisk(target.disk.name, () => restore(ports, target, context, report))
    before += target.part.resourceSizeBytes
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

async function begin(records: Records, job: JobRecord, at: Date) {
  const backupId = textOf(job, 'backupId')
  const backup = await records.backups.lock(backupId)
  if (backup === undefined) throw new Error(`backup ${backupId} went although it is being restored`)
  await records.backups.update([backupId], { status: 'restoring', updatedAt: at })
  const { serverId } = job.payload
  if (typeof serverId === 'string') await records.servers.setStatus(serverId, 'SHUTOFF')
  const targets: Target[] = []
  for (const target of targetsOf(job)) {
    const part = await records.backups.find(target.backupId)
    const disk = await records.disks.find(job.projectId, target.diskId)
    if (part === undefined || disk === undefined)
      throw new JobFailure('7000', 'a disk to restore does not exist any more')
    targets.push({ part, disk })
  }
  return { backup, targets }
}

async function restore(
  ports: JobPorts,
  { part, disk }: Target,
  { signal }: JobContext,
  onProgress: (doneBytes: number) => void,
): Promise<void> {
  await using target = await ports.disks.openWriter(disk)
  if (target.sizeBytes < part.resourceSizeBytes) {
    throw new JobFailure('2001', `disk ${disk.name} has become smaller than its backup`)
  }
  await ports.datastore.restore({ realm: part.projectId, id: part.id }, target, { signal, onProgress })
}

/** Back to what it was before. */
const leave = (records: Records, disk: DiskRecord, at: Date): Promise<void> =>
  records.disks.update(disk.id, { status: disk.serverId === undefined ? 'available' : 'in-use', updatedAt: at })

async function giveUp(records: Records, job: JobRecord, failure: Failure, at: Date): Promise<void> {
  const backup = await records.backups.lock(textOf(job, 'backupId'))
  if (backup === undefined) return
  await records.backups.update([backup.id], { status: 'available', updatedAt: at })
  for (const { diskId } of targetsOf(job)) {
    await records.disks.update(diskId, { status: 'error', failure: failure.message, updatedAt: at })
  }
  await records.resources.setStatus(backup.vaultId, [backup.resourceId], 'error')
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
