/** A realm full of small backups with real bytes: so many disks, backed up together again and again, each time changed. */
import { randomFillSync } from 'node:crypto'
import type { WrittenBackup } from '../../src/datastore/datastore.ts'
import { type MemoryDisk, memoryDisk, readerOf } from '../../src/datastore/memory-disks.ts'
import type { JobPorts } from '../../src/jobs/job-ports.ts'
import type { BackupRecord } from '../../src/ports/catalog/backup.ts'
import type { Records } from '../../src/ports/catalog/catalog.ts'
import { alice } from '../desk.ts'

const CHUNK = 256 * 1024
/** A disk of 4 MiB, half full; between two backups so much of one chunk is written anew. */
const CHUNKS = 16
const CHANGED_BYTES = 128 * 1024
export const DISKS = 20
/** Written between two collections, as on a day. */
const ROUNDS_A_DAY = 25

const { projectId } = alice
const vaultId = 'b0a1c2d3-0000-4000-8000-000000000001'
const diskId = (disk: number): string => `d15c0000-0000-4000-8000-${String(disk).padStart(12, '0')}`

/** The ids of all backups, oldest first. */
export async function fillRealm(ports: JobPorts, count: number): Promise<readonly string[]> {
  await ports.catalog.change(enterVault)
  const disks = Array.from({ length: DISKS }, () => halfFull())
  const ids: string[] = []
  const began = ports.now().getTime() - count * 60_000
  for (let round = 0; ids.length < count; round++) {
    const made = await backUpAll(ports, disks, new Date(began + ids.length * 60_000))
    ids.push(...made)
    if (round % ROUNDS_A_DAY === 0) {
      await collect(ports, ids)
      process.stderr.write(`\r${ids.length} backups`)
    }
  }
  await collect(ports, ids)
  process.stderr.write('\n')
  return ids
}

const collect = (ports: JobPorts, live: readonly string[]) =>
  ports.datastore.collect({ realm: projectId, live: async () => live, writersDrained: async () => undefined })

function halfFull(): MemoryDisk {
  const disk = memoryDisk(CHUNKS * CHUNK)
  for (let chunk = 0; chunk < CHUNKS; chunk += 2) change(disk, chunk)
  return disk
}

const change = (disk: MemoryDisk, chunk: number): void =>
  disk.write(randomFillSync(Buffer.alloc(CHANGED_BYTES)), chunk * CHUNK)

async function backUpAll(ports: JobPorts, disks: readonly MemoryDisk[], at: Date): Promise<readonly string[]> {
  const checkpointId = crypto.randomUUID()
  const made = await Promise.all(
    disks.map(async (disk, number) => {
      change(disk, 2 * Math.floor((Math.random() * CHUNKS) / 2))
      const id = crypto.randomUUID()
      const source = readerOf(disk, { holes: true })
      return backupOf({ id, number, checkpointId, at }, await ports.datastore.write({ realm: projectId, id, source }))
    }),
  )
  await ports.catalog.change(records => enter(records, checkpointId, made, at))
  return made.map(({ id }) => id)
}

async function enter(records: Records, checkpointId: string, made: readonly BackupRecord[], at: Date): Promise<void> {
  await records.checkpoints.insert({
    id: checkpointId,
    projectId,
    vaultId,
    vaultName: 'vault',
    name: 'round',
    description: '',
    status: 'available',
    createdAt: at,
    autoTrigger: true,
    incremental: true,
    retentionDays: -1,
    resources: [],
    skipped: [],
  })
  await records.backups.insert(made)
  for (const { resourceId, storedBytes } of made) await records.resources.tally(vaultId, resourceId, storedBytes, 1)
  await records.vaults.charge(
    vaultId,
    made.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
  )
}

interface Made {
  readonly id: string
  readonly number: number
  readonly checkpointId: string
  readonly at: Date
}

function backupOf({ id, number, checkpointId, at }: Made, bytes: WrittenBackup): BackupRecord {
  return {
    id,
    projectId,
    vaultId,
    checkpointId,
    name: 'backup',
    description: '',
    status: 'available',
    imageType: 'backup',
    resourceId: diskId(number),
    resourceName: `disk-${number}`,
    resourceType: 'OS::Cinder::Volume',
    resourceSizeBytes: bytes.sizeBytes,
    resourceAz: 'az-1',
    incremental: true,
    full: false,
    createdAt: at,
    updatedAt: at,
    protectedAt: at,
    autoTrigger: true,
    systemDisk: false,
    bootable: false,
    encrypted: false,
    containSystemDisk: false,
    enterpriseProjectId: '0',
    storedBytes: bytes.storedBytes,
    fullBytes: bytes.fullBytes,
    digest: bytes.digest,
    uses: 0,
  }
}

async function enterVault(records: Records): Promise<void> {
  const at = new Date()
  await records.vaults.insert({
    id: vaultId,
    projectId,
    name: 'vault',
    description: '',
    userId: alice.userId,
    createdAt: at,
    updatedAt: at,
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
    smnNotify: false,
    threshold: 80,
    locked: false,
    demandBilling: false,
    enterpriseProjectId: '0',
    bindTags: [],
  })
  for (let number = 0; number < DISKS; number++) {
    await records.resources.put({
      vaultId,
      projectId,
      id: diskId(number),
      type: 'OS::Cinder::Volume',
      name: `disk-${number}`,
      sizeBytes: CHUNKS * CHUNK,
      protectStatus: 'available',
      autoProtect: false,
      excludeVolumes: [],
      includeVolumes: [],
      addedAt: at,
      backupBytes: 0,
      backupCount: 0,
    })
  }
}
