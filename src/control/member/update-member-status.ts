import { refuse } from '../../contract/errors.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { UseCase } from '../use-case.ts'
import { occupy } from '../vault/occupy.ts'
import { backupNamed, memberNamed } from './find-shared.ts'
import { lockShare, releaseMember } from './member-release.ts'
import {
  type Answer,
  answerFrom,
  checkAcceptingVault,
  checkAvailable,
  checkReadable,
  transition,
} from './member-rules.ts'
import { asMember } from './member-view.ts'
import { tellShares } from './share-events.ts'

/** The recipient answers an offer; the checks and their order are those of semantics 8.5. */
export const updateMemberStatus: UseCase<'UpdateMemberStatus', 'catalog' | 'now'> = async (
  { catalog, now },
  caller,
  { path, body },
) => {
  const answered = await catalog.change(async records => {
    const offer = await findOffer(records, caller.projectId, path)
    const answer = answerFrom(body)
    if (transition(offer.member, answer) === 'same') return offer.member
    if (answer.status === 'accepted') return accept(records, offer, answer.vaultId, now())
    return turnDown(records, offer, answer.status, now())
  })
  return { member: asMember(answered) }
}

interface Offer {
  readonly backup: BackupRecord
  readonly member: MemberRecord
}

/**
 * The caller's own record. Refuses with 6200 a backup that is not there, with 6705 where no such record is, with 6708
 * the sharer, and with 6200 a stranger; another recipient learns no more than that it is not meant (6705).
 */
async function findOffer(
  records: Records,
  projectId: string,
  path: Operations['UpdateMemberStatus']['path'],
): Promise<Offer> {
  const backup = (await backupNamed(records, path.backup_id)) ?? refuse('6200', { backup: path.backup_id })
  const member = await memberNamed(records, backup.id, path.member_id)
  if (member.destProjectId === projectId) return { backup, member }
  if (backup.projectId === projectId) refuse('6708', { member: path.member_id })
  const own = await records.members.find(backup.id, projectId)
  return own ? refuse('6705', { member: path.member_id }) : refuse('6200', { backup: path.backup_id })
}

/** The shared bytes then occupy the recipient's vault as well (semantics 8.5, 8.8). */
async function accept(records: Records, { backup, member }: Offer, vaultId: string, at: Date): Promise<MemberRecord> {
  const found = await records.vaults.lock(member.destProjectId, vaultId)
  const locked = (await records.backups.lock(backup.id)) ?? refuse('6200', { backup: backup.id })
  checkAvailable(locked)
  const vault = found ?? refuse('6105', { vault: vaultId })
  checkAcceptingVault(vault, locked)
  checkReadable(locked)
  const patch = { status: 'accepted', updatedAt: at, vaultId, chargedBytes: locked.fullBytes } as const
  await records.members.update(member, patch)
  await occupy(records, vault, locked.fullBytes, at)
  const accepted = { ...member, ...patch }
  await tellShares(records, 'share.accepted', { backup: locked, members: [accepted] }, at)
  return accepted
}

/** Rejecting what was accepted gives the space back; what was rejected may be taken as undecided again. */
async function turnDown(
  records: Records,
  { backup, member }: Offer,
  status: Exclude<Answer['status'], 'accepted'>,
  at: Date,
): Promise<MemberRecord> {
  await lockShare(records, member)
  if (status === 'rejected') return releaseMember(records, member, at)
  await records.members.update(member, { status, updatedAt: at })
  const reopened = { ...member, status, updatedAt: at }
  await tellShares(records, 'share.reopened', { backup, members: [reopened] }, at)
  return reopened
}
