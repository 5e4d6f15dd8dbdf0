import { Refusal, refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { Retention } from '../../ports/replicas.ts'
import { canBeBase, checkDeletable } from '../backup/backup-rules.ts'
import { beginDeletion, holdForDeletion } from '../backup/begin-deletion.ts'
import { isHeld } from '../member/member-release.ts'
import { superfluous } from '../policy/retention.ts'

export interface Keeping {
  /** Absent where no policy made the replica. */
  readonly retention: Retention | undefined
  readonly at: Date
}

/**
 * A replica has come by a policy: of the automatic replicas of the same server in its vault those go that the policy's
 * rules by number do not keep (semantics 10). One with an image is neither counted nor deleted.
 */
export async function retainReplicas(records: Records, backupId: string, { retention, at }: Keeping): Promise<void> {
  if (retention === undefined) return
  const backup = (await records.backups.find(backupId)) ?? refuse('6200', { backup: backupId })
  const { projectId, vaultId, resourceId } = backup
  const all = await records.backups.within({ projectId, vaultId, resourceId })
  const replicas = all.filter(
    one => one.parentId === undefined && one.imageType === 'replication' && one.autoTrigger && canBeBase(one),
  )
  const images = (await records.images.ofBackups(replicas.map(({ id }) => id))).filter(isHeld)
  const withImage = new Set(images.map(image => image.backupId))
  const counted = replicas.filter(({ id }) => !withImage.has(id))
  for (const { id } of superfluous(counted, retention, at)) await end(records, projectId, id, at)
}

async function end(records: Records, projectId: string, id: string, at: Date): Promise<void> {
  const held = await holdForDeletion(records, projectId, id, at)
  if (held === undefined) return
  try {
    checkDeletable(held.backup, held.around)
  } catch (error) {
    if (error instanceof Refusal) return
    throw error
  }
  await beginDeletion(records, held, { requestId: `req-${crypto.randomUUID()}` })
}
