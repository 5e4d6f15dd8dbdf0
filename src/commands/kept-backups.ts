import { holdsBytes } from '../control/backup/backup-rules.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Catalog } from '../ports/catalog/catalog.ts'

const PAGE = 1000

/** The disks' backups that have bytes, by the realm they lie in. */
export async function backupsByRealm(
  catalog: Pick<Catalog, 'read'>,
): Promise<ReadonlyMap<string, readonly BackupRecord[]>> {
  return catalog.read(async ({ checkpoints, vaults, backups }) => {
    const kept = new Map<string, readonly BackupRecord[]>()
    for (const projectId of await checkpoints.projects()) {
      const all: BackupRecord[] = []
      for (let offset = 0, more = true; more; offset += PAGE) {
        const { rows } = await vaults.list(projectId, {}, { limit: PAGE, offset })
        for (const { id } of rows) all.push(...(await backups.within({ projectId, vaultId: id })))
        more = rows.length === PAGE
      }
      kept.set(
        projectId,
        all.filter(backup => holdsBytes(backup) && backup.resourceType !== 'OS::Nova::Server'),
      )
    }
    return kept
  })
}
