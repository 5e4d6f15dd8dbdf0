import { guardianOf } from '../control/volume/volume-rules.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import { textOf } from './job-payload.ts'
import type { Failure, JobContext, JobPorts, JobType } from './job-ports.ts'
import { publish } from './publish.ts'

/**
 * Makes a new volume's file and fills it from a backup, if it was asked for. Starts over when it was interrupted: the
 * file is nobody's before the volume is available. The backup's `uses` counts this job until it ends either way.
 */
export const fillDisk: JobType = {
  lane: 'restore',
  mostAttempts: 5,
  async run(ports, job, context) {
    const diskId = textOf(job, 'diskId')
    const disk = await ports.catalog.read(({ disks }) => disks.find(job.projectId, diskId))
    if (disk === undefined) throw new Error(`the volume ${diskId} of job ${job.id} is not there`)
    await ports.disks.remove(disk)
    const file = await ports.disks.create(disk.path, disk.sizeBytes)
    if (disk.sourceBackupId !== undefined) await copy(ports, disk.sourceBackupId, file, context)
    await publish(ports, job, context, async (records, at) => {
      await leaveSource(records, disk)
      await records.disks.update(disk.id, { status: 'available', updatedAt: at })
      return {}
    })
  },
  async giveUp(records, job, failure: Failure, at) {
    const disk = await records.disks.find(job.projectId, textOf(job, 'diskId'))
    if (disk === undefined) return
    await leaveSource(records, disk)
    await records.disks.update(disk.id, { status: 'error', failure: failure.message, updatedAt: at })
  },
}

async function copy(
  ports: JobPorts,
  backupId: string,
  file: Pick<DiskRecord, 'path' | 'format'>,
  { signal, progress }: JobContext,
): Promise<void> {
  const backup = await ports.catalog.read(({ backups }) => backups.find(backupId))
  if (backup === undefined) throw new Error(`the backup ${backupId} went although it was in use`)
  await using target = await ports.disks.openWriter(file)
  const onProgress = (done: number, total: number) => progress(Math.floor((100 * done) / Math.max(total, 1)))
  await ports.datastore.restore({ realm: backup.projectId, id: backup.id }, target, { signal, onProgress })
}

/** The backup may go again, as far as this volume is concerned. */
async function leaveSource(records: Pick<Records, 'backups'>, disk: DiskRecord): Promise<void> {
  const backup = disk.sourceBackupId === undefined ? undefined : await records.backups.find(disk.sourceBackupId)
  if (backup !== undefined) await records.backups.use(guardianOf(backup), -1)
}
