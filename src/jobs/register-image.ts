import { untieShare } from '../control/image/image-share.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import { textOf } from './job-payload.ts'
import type { Failure, JobPorts, JobType } from './job-ports.ts'
import { publish, step } from './publish.ts'

/**
 * Makes a registered image active once every disk behind it can be opened: an image promises bytes that are there.
 * An image deleted meanwhile ends the job without a word.
 */
export const registerImage: JobType = {
  lane: 'light',
  mostAttempts: 5,
  async run(ports, job, context) {
    const imageId = textOf(job, 'imageId')
    const disks = await step(ports, job, context, async records => {
      const image = await records.images.find(job.projectId, imageId)
      if (image === undefined) return []
      await records.images.update(imageId, { status: 'saving', updatedAt: ports.now() })
      return records.backups.childrenOf([image.backupId])
    })
    for (const disk of disks) {
      context.signal.throwIfAborted()
      await checkReadable(ports, disk)
    }
    await publish(ports, job, context, async (records, at) => {
      const image = await records.images.find(job.projectId, imageId)
      if (image !== undefined) await records.images.update(imageId, { status: 'active', updatedAt: at })
      return {}
    })
  },
  giveUp: fail,
}

/** The bytes are those that the backup's row speaks of. */
async function checkReadable({ datastore }: JobPorts, disk: BackupRecord): Promise<void> {
  const reader = await datastore.open({ realm: disk.projectId, id: disk.id })
  if (reader.sizeBytes !== disk.resourceSizeBytes || reader.digest !== (disk.digest ?? reader.digest)) {
    throw new Fault('corrupt', `the manifest of backup ${disk.id} is not the one that was written`)
  }
}

/** The image stays, so that its owner can read why; the share it was made of is free again. */
async function fail(records: Records, job: JobRecord, failure: Failure, at: Date): Promise<void> {
  const image = await records.images.find(job.projectId, textOf(job, 'imageId'))
  if (image === undefined) return
  await untieShare(records, image, at)
  await records.images.update(image.id, { status: 'error', failure: failure.message, updatedAt: at })
}
