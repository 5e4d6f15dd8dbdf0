import { refuse } from '../contract/errors.ts'
import { retainReplicas } from '../control/replication/retain-replicas.ts'
import { requestHolds } from '../control/vault/hold-backups.ts'
import { occupy } from '../control/vault/occupy.ts'
import { freeBytes } from '../control/vault/vault-rules.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { checkMeasured, type Measured, measure, untilMeasured } from './chain.ts'
import { settleCheckpoint } from './checkpoint-progress.ts'
import { retentionOf, textOf } from './job-payload.ts'
import type { JobPorts } from './job-ports.ts'

type FinishingPorts = Pick<JobPorts, 'catalog' | 'datastore' | 'now' | 'log'>

/**
 * All disks of the replica have come: it becomes available and is charged in one transaction, which asks `held` for the
 * hold of its upload and ends it. 9900 while a disk is missing, 6129 where it is larger than was said and does not fit.
 */
export async function finishReplica(
  ports: FinishingPorts,
  backupId: string,
  held: (records: Records) => Promise<JobRecord>,
): Promise<void> {
  const disks = await ports.catalog.read(({ backups }) => backups.childrenOf([backupId]))
  const lacking = disks.find(({ digest }) => digest === undefined)
  if (disks.length === 0 || lacking) refuse('9900', { 'not come yet': lacking?.id ?? backupId })
  await untilMeasured(async () => {
    const measured = new Map<string, Measured>()
    for (const disk of disks) measured.set(disk.id, await measure(ports, disk, disk.fullBytes))
    await ports.catalog.change(async records => {
      const job = await held(records)
      await makeAvailable(records, { backupId, disks, measured, at: ports.now() })
      await retainReplicas(records, backupId, { retention: retentionOf(job), at: ports.now() })
      const recordId = textOf(job, 'recordId')
      await records.replications.update(recordId, { status: 'success', progress: 100, updatedAt: ports.now() })
      await records.jobs.finish(job.id)
    })
  })
}

interface Come {
  readonly backupId: string
  readonly disks: readonly BackupRecord[]
  readonly measured: ReadonlyMap<string, Measured>
  readonly at: Date
}

async function makeAvailable(records: Records, { backupId, disks, measured, at }: Come): Promise<void> {
  const found = await records.backups.find(backupId)
  const vault = found && (await records.vaults.lock(found.projectId, found.vaultId))
  if (found === undefined || vault === undefined) refuse('6200', { backup: backupId })
  await records.checkpoints.lock(found.checkpointId)
  await records.backups.lock(backupId)
  const done = { status: 'available', protectedAt: at, updatedAt: at } as const
  const sum = { storedBytes: 0, fullBytes: 0 }
  for (const disk of disks) {
    const charge = measured.get(disk.id)
    if (charge === undefined) throw new Error(`replica ${disk.id} was not measured`)
    await checkMeasured(records, disk, charge)
    await records.backups.update([disk.id], { ...done, storedBytes: charge.alone })
    sum.storedBytes += charge.alone
    sum.fullBytes += disk.fullBytes
  }
  if (sum.storedBytes > freeBytes(vault)) refuse('6129', { 'free bytes': freeBytes(vault), needed: sum.storedBytes })
  await records.backups.update([backupId], { ...done, ...sum })
  await occupy(records, vault, sum.storedBytes, at)
  await settleCheckpoint(records, vault.projectId, found.checkpointId)
  await requestHolds(records, vault, { backup: found, at })
}
