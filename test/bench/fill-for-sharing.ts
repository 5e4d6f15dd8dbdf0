import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openSqliteCatalog } from '../../src/adapters/catalog/sqlite.ts'
import type { BackupRecord } from '../../src/ports/catalog/backup.ts'
import type { VaultRecord } from '../../src/ports/catalog/vault.ts'

/** Rows of one transaction. */
const BATCH = 1_000
const GIB = 2 ** 30

/**
 * Makes the catalog of a data directory before its server starts: `size` backups of one project, over a hundred vaults,
 * and besides them `fresh` ones that can be shared, whose ids are answered.
 */
export async function fillCatalog(
  dataDir: string,
  projectId: string,
  size: number,
  fresh: number,
): Promise<readonly string[]> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const catalog = await openSqliteCatalog({ file: join(dataDir, 'catalog.db') })
  const vaults = Array.from({ length: 100 }, (_, at) => aVault(projectId, at))
  await catalog.change(async records => {
    for (const vault of vaults) await records.vaults.insert(vault)
  })
  const ids: string[] = []
  for (let made = 0; made < size + fresh; made += BATCH) {
    const length = Math.min(BATCH, size + fresh - made)
    const batch = Array.from({ length }, (_, at) => aBackup(vaults[(made + at) % vaults.length], made + at))
    await catalog.change(({ backups }) => backups.insert(batch))
    // The fresh ones lie spread among the others, as what people share does.
    ids.push(...batch.filter((_, at) => ((made + at) * fresh) % (size + fresh) < fresh).map(backup => backup.id))
  }
  await catalog.close()
  return ids
}

const aVault = (projectId: string, at: number): VaultRecord => ({
  id: crypto.randomUUID(),
  projectId,
  name: `vault-${at}`,
  description: '',
  userId: 'alice',
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, at)),
  updatedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, at)),
  status: 'available',
  objectType: 'disk',
  protectType: 'backup',
  consistentLevel: 'crash_consistent',
  cloudType: 'public',
  chargingMode: 'post_paid',
  sizeGb: 10_000,
  usedBytes: 0,
  isMultiAz: false,
  autoBind: false,
  autoExpand: false,
  smnNotify: true,
  threshold: 80,
  locked: false,
  demandBilling: false,
  enterpriseProjectId: '0',
  bindTags: [],
})

function aBackup(vault: VaultRecord | undefined, at: number): BackupRecord {
  if (!vault) throw new Error('there is no vault')
  const time = new Date(Date.UTC(2026, 0, 2) + at * 1_000)
  return {
    id: crypto.randomUUID(),
    projectId: vault.projectId,
    vaultId: vault.id,
    checkpointId: crypto.randomUUID(),
    name: `manualbk_${at}`,
    description: '',
    status: 'available',
    imageType: 'backup',
    resourceId: crypto.randomUUID(),
    resourceName: `disk-${at % 1_000}`,
    resourceType: 'OS::Cinder::Volume',
    resourceSizeBytes: 10 * GIB,
    resourceAz: 'az-1',
    incremental: true,
    full: false,
    createdAt: time,
    updatedAt: time,
    protectedAt: time,
    autoTrigger: false,
    systemDisk: false,
    bootable: false,
    encrypted: false,
    containSystemDisk: false,
    enterpriseProjectId: '0',
    storedBytes: GIB,
    fullBytes: GIB,
    uses: 0,
  }
}
