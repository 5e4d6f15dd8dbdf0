import { isImport } from '../control/import/import-rules.ts'
import { textOf } from './job-payload.ts'
import type { JobType } from './job-ports.ts'
import { publish } from './publish.ts'

/** Removes a deleted volume's file, then its row: a row that is left says what is still to be done. */
export const removeDisk: JobType = {
  lane: 'light',
  mostAttempts: 10,
  async run(ports, job, context) {
    const diskId = textOf(job, 'diskId')
    const disk = await ports.catalog.read(({ disks }) => disks.find(job.projectId, diskId))
    if (disk !== undefined) await (isImport(disk) ? ports.uploads.discard(disk.path) : ports.disks.remove(disk))
    await publish(ports, job, context, async records => {
      await records.disks.remove(diskId)
      return {}
    })
  },
  async giveUp(records, job, failure, at) {
    await records.disks.update(textOf(job, 'diskId'), { status: 'error', failure: failure.message, updatedAt: at })
  },
}
