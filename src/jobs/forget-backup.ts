/**
 * Takes a backup out of the world: accounts, then bytes, then rows, each step safe to repeat. The row says `deleting`,
 * and its vault is relieved, in one transaction before the first manifest goes; from then on nobody reads it and the
 * collector no longer keeps it. Rows that still say so after a crash are forgotten again from there.
 *
 * Of what a backup is charged with, the part that its neighbours refer to as well is not freed but moves to the next
 * newer backup of the same disk (else the next older one), so that a vault's use is always the sum over its backups.
 */
import { diskBackups, holdsBytes } from '../control/backup/backup-rules.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import { checkMeasured, type Measured, measure, refOf, untilMeasured } from './chain.ts'
import type { JobContext, JobPorts } from './job-ports.ts'
import { step } from './publish.ts'
import { isPassing } from './settle.ts'

/** Who else goes with it: where all backups of its disks do, nothing has to move to a neighbour. */
export type Extent = 'alone' | 'whole chain'

/** Does all but removing the rows, which is the caller's last transaction (`removeRows`). A missing backup is fine. */
export async function forgetBackup(
  ports: JobPorts,
  job: JobRecord,
  context: JobContext,
  target: { readonly backupId: string; readonly extent: Extent },
): Promise<void> {
  const rows = await ports.catalog.read(records => partsOf(records, target.backupId))
  if (rows === undefined) return
  await untilMeasured(async () => {
    const measured = new Map<string, Measured>()
    if (target.extent === 'alone') {
      for (const part of rows.parts.filter(holdsBytes)) {
        measured.set(part.id, await measure(ports, part, part.storedBytes))
      }
    }
    await step(ports, job, context, records => relieve(records, target.backupId, measured, ports.now()))
  })
  for (const part of rows.parts) {
    context.signal.throwIfAborted()
    await removeManifest(ports, part)
  }
}

/** One that cannot be removed for good is left to the collector, which knows no backup for it any more. */
async function removeManifest(ports: JobPorts, part: BackupRecord): Promise<void> {
  try {
    await ports.datastore.removeManifest(refOf(part))
  } catch (error) {
    if (isPassing(error) || !(error instanceof Fault)) throw error
    ports.log.error({ err: error, backup: part.id }, 'a manifest could not be removed; the collector will try')
  }
}

async function partsOf(records: Pick<Records, 'backups'>, backupId: string) {
  const backup = await records.backups.find(backupId)
  if (backup === undefined) return undefined
  const children = await records.backups.childrenOf([backupId])
  return { backup, children, parts: diskBackups(backup, children) }
}

/** All that a part is charged with is freed where it has not been measured. */
async function relieve(
  records: Records,
  backupId: string,
  measured: ReadonlyMap<string, Measured>,
  at: Date,
): Promise<void> {
  const rows = await partsOf(records, backupId)
  if (rows === undefined || rows.backup.status === 'deleting') return
  const { backup, children, parts } = rows
  await records.vaults.lock(backup.projectId, backup.vaultId)
  await records.backups.lock(backupId)
  let charged = 0
  let moved = 0
  for (const part of parts) {
    const measure = measured.get(part.id)
    charged += part.storedBytes
    if (measure !== undefined) moved += await passOn(records, part, measure)
  }
  const counted = holdsBytes(backup) ? 1 : 0
  const ids = [backupId, ...children.map(({ id }) => id)]
  await records.backups.update(ids, { status: 'deleting', storedBytes: 0, updatedAt: at })
  await records.vaults.charge(backup.vaultId, moved - charged)
  await records.resources.tally(backup.vaultId, backup.resourceId, -charged, -counted)
}

/** Gives what is not freed to a neighbour; answers how much that is. */
async function passOn(records: Records, part: BackupRecord, measured: Measured): Promise<number> {
  await checkMeasured(records, part, measured)
  const heir = measured.newer ?? measured.older
  const kept = Math.max(0, part.storedBytes - measured.alone)
  const found = heir && (await records.backups.find(heir.id))
  if (found === undefined || kept === 0) return 0
  await bequeath(records, found, kept)
  return kept
}

/** Adds bytes to a disk's backup, to its server's where it has one, and to the resource they count for. */
async function bequeath(records: Records, heir: BackupRecord, bytes: number): Promise<void> {
  await records.backups.update([heir.id], { storedBytes: heir.storedBytes + bytes })
  const parent = heir.parentId === undefined ? undefined : await records.backups.find(heir.parentId)
  if (parent !== undefined) await records.backups.update([parent.id], { storedBytes: parent.storedBytes + bytes })
  await records.resources.tally(heir.vaultId, (parent ?? heir).resourceId, bytes, 0)
}
