/**
 * What ends by itself (semantics 10): automatic backups by the rules of the policy that is applied now, and whatever has
 * an expiry. A backup with an image, its owner's or a recipient's, is neither counted nor deleted; a share does not keep
 * it. The newest good backup of a resource stays until there is a newer one, however old it is, unless it was made by
 * hand with an expiry. In a locked vault expiry is the only way.
 */
import { Refusal } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import { canBeBase, checkDeletable, newestOf, possibleBases } from '../backup/backup-rules.ts'
import { beginDeletion, type Held, holdForDeletion } from '../backup/begin-deletion.ts'
import { isHeld } from '../member/member-release.ts'
import { keepsByNumber, superfluous } from './retention.ts'

/** After a backup of a resource was made, by whomever; answers how many of its others go. */
export async function applyRetention(
  records: Records,
  { projectId, vaultId, resourceId }: Pick<BackupRecord, 'projectId' | 'vaultId' | 'resourceId'>,
  at: Date,
): Promise<number> {
  const policy = await policyOf(records, projectId, vaultId)
  const all = await records.backups.within({ projectId, vaultId, resourceId })
  const backups = all.filter(backup => backup.parentId === undefined)
  const lastResort = newestOf(backups.filter(backup => canBeBase(backup) && isLasting(backup)))
  const expired = backups.filter(backup => isExpired(backup, lastResort, at))
  const surplus = policy === undefined ? [] : await surplusOf(records, backups, { policy, at })
  let gone = 0
  for (const backup of new Set([...expired, ...surplus])) {
    const held = await holdForDeletion(records, projectId, backup.id, at)
    if (held && (await endIfPossible(records, held, policy))) gone += 1
  }
  return gone
}

/** Ends one backup if its time is over still; answers whether it goes. */
export async function expire(records: Records, backupId: string, at: Date): Promise<boolean> {
  const found = await records.backups.find(backupId)
  const held = found && (await holdForDeletion(records, found.projectId, backupId, at))
  if (held === undefined) return false
  const { projectId, vaultId, resourceId } = held.backup
  const look = { ...possibleBases, lasting: true }
  const lastResort = await records.backups.nearest({ projectId, vaultId, resourceId }, look)
  if (!isExpired(held.backup, lastResort, at)) return false
  return endIfPossible(records, held)
}

/** The backup policy that keeps house in the vault: one that is applied and enabled. */
async function policyOf(
  records: Pick<Records, 'appliedPolicies' | 'policies'>,
  projectId: string,
  vaultId: string,
): Promise<PolicyRecord | undefined> {
  const applied = (await records.appliedPolicies.inVaults([vaultId])).find(one => one.operationType === 'backup')
  const policy = applied && (await records.policies.find(projectId, applied.policyId))
  return policy?.enabled ? policy : undefined
}

async function surplusOf(
  records: Pick<Records, 'images'>,
  backups: readonly BackupRecord[],
  { policy: { definition }, at }: { readonly policy: PolicyRecord; readonly at: Date },
): Promise<readonly BackupRecord[]> {
  const counted = backups.filter(backup => backup.autoTrigger && backup.imageType === 'backup' && canBeBase(backup))
  if (!keepsByNumber(definition) || counted.length <= 1) return []
  const images = (await records.images.ofBackups(counted.map(({ id }) => id))).filter(isHeld)
  const withImage = new Set(images.map(image => image.backupId))
  return superfluous(
    counted.filter(({ id }) => !withImage.has(id)),
    definition,
    at,
  )
}

/** `lastResort`: the newest good backup of the resource that is there to stay; without it there would be none. */
function isExpired(backup: BackupRecord, lastResort: BackupRecord | undefined, at: Date): boolean {
  const { expiredAt, autoTrigger, status } = backup
  if (expiredAt === undefined || expiredAt > at) return false
  // Failed automatic ones have a rule of their own (jobs/sweep-aged.ts, jobs/prune-failed.ts).
  return !(autoTrigger && status === 'error') && lastResort?.id !== backup.id
}

const isLasting = ({ autoTrigger, expiredAt }: BackupRecord): boolean => autoTrigger || expiredAt === undefined

/** Not while something keeps it (a restore, an image, a lock, a next backup on top of it): it is looked at again later. */
async function endIfPossible(records: Records, held: Held, policy?: PolicyRecord): Promise<boolean> {
  try {
    checkDeletable(held.backup, held.around)
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
  await beginDeletion(records, held, { requestId: `req-${crypto.randomUUID()}`, policyId: policy?.id })
  return true
}
