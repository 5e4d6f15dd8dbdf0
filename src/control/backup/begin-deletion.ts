/** How the deletion of one backup begins, whether its owner asks for it or its time is over (semantics 5.6, 8.7). */
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { dropMembersOf, isHeld } from '../member/member-release.ts'
import { startOperation } from '../operation-log/start-operation.ts'
import { beingMade, possibleBases, providerOfBackup, type Surroundings } from './backup-rules.ts'

export interface Held {
  readonly backup: BackupRecord
  readonly around: Surroundings
}

/** Holds a backup of that project and all that decides on its deletion; undefined when there is none. */
export async function holdForDeletion(
  records: Records,
  projectId: string,
  id: string,
  at: Date,
): Promise<Held | undefined> {
  const found = await records.backups.find(id)
  const vault = found && (await records.vaults.lock(projectId, found.vaultId))
  const backup = await records.backups.lock(id)
  if (backup?.projectId !== projectId) return undefined
  const { vaultId, resourceId } = backup
  const children = await records.backups.childrenOf([id])
  const place = { projectId, vaultId, resourceId }
  const [making, newest] = [
    await records.backups.nearest(place, beingMade),
    await records.backups.nearest(place, possibleBases),
  ]
  const images = (await records.images.ofBackups([id])).filter(isHeld)
  return {
    backup,
    around: { children, vault, chain: [making, newest].filter(other => other !== undefined), images, at },
  }
}

export interface DeletionCause {
  readonly requestId: string
  /** The policy whose rule it is. */
  readonly policyId?: string | undefined
}

/** Ends its shares, and leaves the rest to a job. Whether it may go (`checkDeletable`) has been asked. */
export async function beginDeletion(records: Records, held: Held, { requestId, policyId }: DeletionCause) {
  const { backup, around } = held
  const { at, children, vault } = around
  await dropMembersOf(records, [backup], at)
  const ids = [backup.id, ...children.map(({ id }) => id)]
  await records.backups.update(ids, { status: 'waiting_delete', updatedAt: at })
  await startOperation(records, {
    type: 'delete',
    projectId: backup.projectId,
    requestId,
    at,
    resource: { id: backup.resourceId, name: backup.resourceName, type: backup.resourceType },
    detail: { delete: { backup_id: backup.id, backup_name: backup.name } },
    job: 'delete-backup',
    payload: { backupId: backup.id },
    providerId: providerOfBackup(backup),
    ...(vault && { vault }),
    checkpointId: backup.checkpointId,
    ...(policyId && { policyId }),
  })
}
