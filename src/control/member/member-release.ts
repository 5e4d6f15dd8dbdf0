import { refuse } from '../../contract/errors.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { Outbox } from '../webhook/tell.ts'
import { type ShareEvent, tellShares } from './share-events.ts'

/**
 * How a share ends, for everyone who ends one: the recipient's answer or deletion, the sharer's revocation, and either
 * side's backup or vault going away. An accepted share occupies the accepting vault; whoever ends it frees that, in the
 * same transaction. Whether it may end (a recipient's image forbids it: 6710, 6204) is the caller's to check before.
 */
export type ShareRecords = Outbox & Pick<Records, 'members' | 'vaults' | 'backups'>

/**
 * The recipient gives the share up, or answers no: the record stays as rejected, the accepting vault is freed. Answers
 * the record as it is then.
 */
export async function releaseMember(records: ShareRecords, member: MemberRecord, at: Date): Promise<MemberRecord> {
  await free(records, member)
  const left = { status: 'rejected', updatedAt: at, chargedBytes: 0 } as const
  await records.members.update(member, { ...left, vaultId: null, imageId: null })
  const { vaultId: _vault, imageId: _image, ...kept } = member
  const rejected = { ...kept, ...left }
  await tellOne(records, 'share.rejected', rejected, at)
  return rejected
}

/** Holds what ending this share changes, in the order in which everybody locks: the accepting vault, then the backup. */
export async function lockShare(records: Pick<Records, 'vaults' | 'backups'>, member: MemberRecord): Promise<void> {
  if (member.vaultId !== undefined) await records.vaults.lock(member.destProjectId, member.vaultId)
  await records.backups.lock(member.backupId)
}

/** The sharer withdraws one share: the record goes, the accepting vault is freed. */
export async function dropMember(records: ShareRecords, member: MemberRecord, at: Date): Promise<void> {
  await free(records, member)
  await records.members.remove(member.backupId, [member.id])
  await tellOne(records, 'share.removed', member, at)
}

async function tellOne(records: ShareRecords, type: ShareEvent, member: MemberRecord, at: Date): Promise<void> {
  const backup = (await records.backups.find(member.backupId)) ?? refuse('6200', { backup: member.backupId })
  await tellShares(records, type, { backup, members: [member] }, at)
}

/**
 * The sharer's backups go: so do all their share records, and what is left of images that could not be made of them.
 * The caller holds the locks of the backups, and has refused images that were made.
 */
export async function dropMembersOf(
  records: ShareRecords & Pick<Records, 'images'>,
  backups: readonly BackupRecord[],
  at: Date,
): Promise<void> {
  for (const image of await records.images.ofBackups(backups.map(({ id }) => id))) {
    if (!isHeld(image)) await records.images.remove(image.id)
  }
  for (const backup of backups) {
    const members = await records.members.of(backup.id)
    if (members.length === 0) continue
    for (const member of members) await free(records, member)
    await records.members.remove(
      backup.id,
      members.map(member => member.id),
    )
    await tellShares(records, 'share.withdrawn', { backup, members }, at)
  }
}

/** A recipient's vault goes: what it had accepted becomes rejected. The caller holds the vault's lock. */
export async function rejectSharesInVault(records: ShareRecords, vaultId: string, at: Date): Promise<void> {
  for (const member of await records.members.inVault(vaultId)) {
    await releaseMember(records, member, at)
  }
}

async function free(records: ShareRecords, member: MemberRecord): Promise<void> {
  if (member.vaultId !== undefined && member.chargedBytes > 0) {
    await records.vaults.charge(member.vaultId, -member.chargedBytes)
  }
}

/** Whether an image keeps its backup and its share: any but one that could not be made. */
export const isHeld = (image: ImageRecord): boolean => image.status !== 'error'
