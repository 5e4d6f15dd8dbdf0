import type { Records } from '../../ports/catalog/catalog.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'

/** The disk is `deleting`; the job 'remove-disk' removes its file, then the row. */
export async function condemnDisk(
  records: Pick<Records, 'disks' | 'jobs'>,
  { id, projectId }: Pick<DiskRecord, 'id' | 'projectId'>,
  at: Date,
): Promise<void> {
  await records.disks.update(id, { status: 'deleting', updatedAt: at })
  await records.jobs.insert([
    {
      id: crypto.randomUUID(),
      kind: 'remove-disk',
      projectId,
      payload: { diskId: id },
      createdAt: at,
      runAfter: at,
      attempts: 0,
    },
  ])
}
