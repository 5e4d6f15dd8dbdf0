/**
 * `opencbr store check`: all that is stored, looked at from outside the service. It finds damage by itself and trusts the
 * catalog only to say which backups there ought to be.
 */
import type { BackupRecord } from '../ports/catalog/backup.ts'
import { Fault } from '../ports/fault.ts'
import { backupsByRealm } from './kept-backups.ts'
import type { StoreParts, StoreReport } from './store-report.ts'

/** `read`: every chunk is read back too. */
export async function checkStore(parts: StoreParts, options: { readonly read: boolean }): Promise<StoreReport> {
  const backups = await backupsByRealm(parts.catalog)
  const names = [...new Set([...(await parts.datastore.realms()), ...backups.keys()])].sort()
  const realms: StoreReport['realms'][number][] = []
  for (const realm of names) realms.push(await checkRealm(parts, realm, backups.get(realm) ?? [], options))
  return { realms, damagedBackups: damagedOf(realms, [...backups.values()].flat()) }
}

async function checkRealm(
  { datastore }: StoreParts,
  realm: string,
  kept: readonly BackupRecord[],
  { read }: { readonly read: boolean },
): Promise<StoreReport['realms'][number]> {
  try {
    const checked = await datastore.check({ realm, read })
    const missing = await missingManifests({ datastore }, kept)
    return { realm, ...checked, problems: [...checked.problems, ...missing] }
  } catch (error) {
    // Its key, say: then nothing of it can be read.
    if (!(error instanceof Fault) || !error.permanent) throw error
    const lost = { object: 'realm', id: realm, what: error.message, backups: kept.map(({ id }) => id) }
    return { realm, manifests: 0, packs: 0, chunks: 0, readBytes: 0, damaged: [], problems: [lost] }
  }
}

/** Manifests that cannot be read are the check's; here only those that are not there. */
async function missingManifests({ datastore }: Pick<StoreParts, 'datastore'>, kept: readonly BackupRecord[]) {
  const missing: StoreReport['realms'][number]['problems'][number][] = []
  for (const { projectId, id } of kept) {
    try {
      await datastore.open({ realm: projectId, id })
    } catch (error) {
      if (!(error instanceof Fault) || !error.permanent) throw error
      if (error.kind === 'missing') missing.push({ object: 'manifest', id, what: error.message, backups: [id] })
    }
  }
  return missing
}

/** Whole backups; what belongs to none is a leftover, and damages nothing. */
function damagedOf(realms: StoreReport['realms'], kept: readonly BackupRecord[]): StoreReport['damagedBackups'] {
  const touched = new Set(
    realms.flatMap(({ damaged, problems }) => [...damaged, ...problems].flatMap(({ backups }) => backups)),
  )
  const damaged = kept.filter(({ id }) => touched.has(id))
  return [...Map.groupBy(damaged, ({ id, parentId }) => parentId ?? id)].map(([backup, disks]) => ({
    project: disks[0]?.projectId ?? '',
    backup,
    name: disks[0]?.name ?? '',
    disks: disks.map(({ resourceName }) => resourceName),
  }))
}
