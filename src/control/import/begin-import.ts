import { refuse } from '../../contract/errors.ts'
import type { Import, ImportFormat } from '../../contract/opencbr-api.ts'
import type { DiskRecord } from '../../ports/catalog/disk.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkFileSize, havingReceived, IMPORT_TYPE, isBeingSent, MOST_IMPORTS } from './import-rules.ts'
import { asImport } from './import-view.ts'

export interface ImportOrder {
  readonly name: string
  readonly format: ImportFormat
  /** Of the file. */
  readonly sizeBytes: number
}

/** Makes room for the file. The row comes first: whatever ends it in between leaves something that is swept one day. */
export async function beginImport(
  ports: Pick<Ports, 'catalog' | 'now' | 'settings' | 'uploads'>,
  caller: ProjectCaller,
  order: ImportOrder,
): Promise<Import> {
  checkFileSize(order.sizeBytes)
  const disk = diskOf(ports, caller.projectId, order)
  await ports.catalog.change(async records => {
    const open = (await records.disks.ofProject(caller.projectId)).filter(isBeingSent)
    if (open.length >= MOST_IMPORTS) refuse('9900', { reason: `a project has at most ${MOST_IMPORTS} open imports` })
    await records.disks.insert(disk)
  })
  await ports.uploads.begin(disk.path, disk.sizeBytes)
  return asImport(disk)
}

function diskOf(
  { now, settings }: Pick<Ports, 'now' | 'settings'>,
  projectId: string,
  { name, format, sizeBytes }: ImportOrder,
): DiskRecord {
  const id = crypto.randomUUID()
  const at = now()
  return {
    id,
    projectId,
    name,
    description: '',
    sizeBytes,
    path: `${settings.importsFolder}/${id}/disk.${format}`,
    format,
    status: 'creating',
    bootable: false,
    availabilityZone: settings.availabilityZone,
    volumeType: IMPORT_TYPE,
    createdAt: at,
    updatedAt: at,
    managed: true,
    metadata: havingReceived(0),
  }
}
