import type { OpenBackup } from '../../ports/backup-bytes.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { exportable } from './export-rules.ts'

/** The bytes of a disk backup, for a download. Deleted while it is read, it breaks off. */
export async function openDisk(
  { catalog, backupBytes }: Pick<Ports, 'catalog' | 'backupBytes'>,
  caller: ProjectCaller,
  backupId: string,
): Promise<OpenBackup> {
  const { id, projectId } = await catalog.read(records => exportable(records, caller.projectId, backupId))
  return backupBytes.open({ projectId, backupId: id })
}
