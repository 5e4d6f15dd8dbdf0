/**
 * Takes a backup out of the world: accounts, then bytes, then rows, each step safe to repeat. The row says `deleting`,
 * and its vault is relieved, in one transaction before the first manifest goes; from then on nobody reads it and the
 * collector no longer keeps it. Rows that still say so after a crash are forgotten again from there.
 *
 * Of what a backup is charged with, the part that its neighbours refer to as well is not freed but moves to the next
 * newer backup of the same disk (else the next older one), so that a vault's use is always the sum over its backups.
 */
import { diskBackups, holdsBytes, inOrder } from '../control/backup/backup-rules.ts'
import type { ManifestRef } from '../datastore/datastore.ts'
import type { BackupRecord } from '../ports/catalog/backup.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import { Fault } from '../ports/fault.ts'
import type { JobContext, JobPorts } from './job-ports.ts'
import { step } from './publish.ts'
import { isPassing } from './settle.ts'

/** Who else goes with it: where all backups of its disks do, nothing has to move to a neighbour. */
export type Extent = 'alone' | 'whole chain'

const refOf = ({ projectId, id }: BackupRecord): ManifestRef => ({ realm: projectId, id })

/** Does all but removing the rows, which is the caller's last transaction (`removeRows`). A missing backup is fine. */
export async function forgetBackup(
  ports: JobPorts,
  job: JobRecord,
  context: JobContext,
  target: { readonly backupId: string; readonly extent: Extent },
): Promise<void> {
  const rows = await ports.catalog.read(records => partsOf(records, target.backupId))
  if (rows === undefined) return
  const held = new Map<string, number>()
  if (target.extent === 'alone') {
    for (const part of rows.parts) {
      if (holdsBytes(part)) held.set(part.id, await bytesHeldAlone(ports, part))
    }
  }
  await step(ports, job, context, records => relieve(records, target.backupId, held, ports.now()))
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

/** All of it where the store cannot tell any more: a backup that cannot be read must still be deletable. */
async function bytesHeldAlone(ports: JobPorts, part: BackupRecord): Promise<number> {
  const chain = await ports.catalog.read(records => chainOf(records, part))
  const at = chain.findIndex(({ id }) => id === part.id)
  const neighbours = [chain[at - 1], chain[at + 1]].filter(other => other !== undefined)
  try {
    return await ports.datastore.heldAlone(refOf(part), neighbours.map(refOf))
  } catch (error) {
    if (!(error instanceof Fault) || (error.kind !== 'missing' && error.kind !== 'corrupt')) throw error
    ports.log.error({ err: error, backup: part.id }, 'a backup that is deleted cannot be read')
    return part.storedBytes
  }
}

/** The backups of the same disk in the same vault that hold bytes, oldest first. */
async function chainOf(
  records: Pick<Records, 'backups'>,
  { projectId, vaultId, resourceId }: BackupRecord,
): Promise<readonly BackupRecord[]> {
  return inOrder((await records.backups.within({ projectId, vaultId, resourceId })).filter(holdsBytes))
}

/** `held`: what each part's removal frees, by its id; all that it is charged with where it is not named. */
async function relieve(records: Records, backupId: string, held: ReadonlyMap<string, number>, at: Date): Promise<void> {
  const rows = await partsOf(records, backupId)
  if (rows === undefined || rows.backup.status === 'deleting') return
  const { backup, children, parts } = rows
  await records.vaults.lock(backup.projectId, backup.vaultId)
  await records.backups.lock(backupId)
  let charged = 0
  let moved = 0
  for (const part of parts) {
    const kept = part.storedBytes - Math.min(part.storedBytes, held.get(part.id) ?? part.storedBytes)
    const heir = kept > 0 ? await heirOf(records, part) : undefined
    if (heir !== undefined) await bequeath(records, heir, kept)
    charged += part.storedBytes
    moved += heir === undefined ? 0 : kept
  }
  const counted = holdsBytes(backup) ? 1 : 0
  const ids = [backupId, ...children.map(({ id }) => id)]
  await records.backups.update(ids, { status: 'deleting', storedBytes: 0, updatedAt: at })
  await records.vaults.charge(backup.vaultId, moved - charged)
  await records.resources.tally(backup.vaultId, backup.resourceId, -charged, -counted)
}

async function heirOf(records: Pick<Records, 'backups'>, part: BackupRecord): Promise<BackupRecord | undefined> {
  const chain = await chainOf(records, part)
  const at = chain.findIndex(({ id }) => id === part.id)
  return chain[at + 1] ?? chain[at - 1]
}

/** Adds bytes to a disk's backup, to its server's where it has one, and to the resource they count for. */
async function bequeath(records: Records, heir: BackupRecord, bytes: number): Promise<void> {
  await records.backups.update([heir.id], { storedBytes: heir.storedBytes + bytes })
  const parent = heir.parentId === undefined ? undefined : await records.backups.find(heir.parentId)
  if (parent !== undefined) await records.backups.update([parent.id], { storedBytes: parent.storedBytes + bytes })
  await records.resources.tally(heir.vaultId, (parent ?? heir).resourceId, bytes, 0)
}
