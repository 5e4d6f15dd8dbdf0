import type { Records } from '../../ports/catalog/catalog.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { guardianOf, sizeOf, VOLUME_TYPE } from './volume-rules.ts'
import { lockSource, type SourceChoice, type VolumeSource } from './volume-source.ts'
import { asVolume, type Volume } from './volume-view.ts'

export interface VolumeOrder {
  readonly name: string
  readonly description: string
  readonly sizeGb?: number
  readonly source: SourceChoice
  readonly availabilityZone?: string
  readonly volumeType?: string
  readonly metadata: Readonly<Record<string, string>>
}

/** Answers a volume in `creating`; the job 'fill-disk' makes its file and fills it. */
export async function createVolume(
  ports: Pick<Ports, 'catalog' | 'now' | 'wake' | 'settings'>,
  caller: ProjectCaller,
  order: VolumeOrder,
): Promise<Volume> {
  const disk = await ports.catalog.change(async records => {
    const source = await lockSource(records, caller.projectId, order.source)
    const disk = diskOf(ports, caller.projectId, order, source)
    await records.disks.insert(disk)
    if (source) await records.backups.use(guardianOf(source.backup), 1)
    await startFilling(records, disk)
    return disk
  })
  ports.wake()
  return asVolume(disk)
}

function diskOf(
  { now, settings }: Pick<Ports, 'now' | 'settings'>,
  projectId: string,
  order: VolumeOrder,
  source: VolumeSource | undefined,
): DiskRecord {
  const id = crypto.randomUUID()
  const at = now()
  return {
    id,
    projectId,
    name: order.name,
    description: order.description,
    sizeBytes: sizeOf(order.sizeGb, source?.backup),
    path: `${settings.disksFolder}/${id}.raw`,
    format: 'raw',
    status: 'creating',
    bootable: source !== undefined && (source.backup.bootable || source.backup.systemDisk),
    availabilityZone: order.availabilityZone ?? settings.availabilityZone,
    volumeType: order.volumeType ?? VOLUME_TYPE,
    createdAt: at,
    updatedAt: at,
    ...(source && { sourceBackupId: source.backup.id }),
    ...(source?.imageId !== undefined && { sourceImageId: source.imageId }),
    managed: true,
    metadata: order.metadata,
  }
}

async function startFilling(records: Pick<Records, 'jobs'>, disk: DiskRecord): Promise<void> {
  await records.jobs.insert([
    {
      id: crypto.randomUUID(),
      kind: 'fill-disk',
      projectId: disk.projectId,
      payload: { diskId: disk.id, ...(disk.sourceBackupId !== undefined && { backupId: disk.sourceBackupId }) },
      createdAt: disk.createdAt,
      runAfter: disk.createdAt,
      attempts: 0,
    },
  ])
}
