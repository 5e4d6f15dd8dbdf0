import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { DiskRecord } from '../ports/catalog/disk.ts'
import type { Moment } from '../ports/machines.ts'
import type { JobPorts } from './job-ports.ts'

interface Part {
  readonly holder: BackupRecord
  readonly disk: DiskRecord
  readonly base: BackupRecord | undefined
}

/** One moment of all these disks of one server; undefined where no running machine has them. */
export async function momentOf(ports: Pick<JobPorts, 'machines'>, parts: readonly Part[]): Promise<Moment | undefined> {
  const serverId = parts[0]?.disk.serverId
  if (serverId === undefined) return undefined
  if (parts.some(({ disk }) => disk.serverId !== serverId)) throw new Error(`not all disks are of server ${serverId}`)
  const disks = parts.map(({ disk, holder, base }) => ({
    disk,
    backupId: holder.id,
    ...(base && { baseId: base.id }),
  }))
  return await ports.machines?.openMoment({ serverId, disks })
}
