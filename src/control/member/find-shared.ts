import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { Ports } from '../../ports/ports.ts'
import { isProjectId } from './member-rules.ts'

type Looked = Pick<Records, 'backups' | 'members'>

/** A backup and how the asking project stands to it: as its sharer, or as a recipient with this record. */
export type Standing =
  | { readonly role: 'sharer'; readonly backup: BackupRecord }
  | { readonly role: 'recipient'; readonly backup: BackupRecord; readonly own: MemberRecord }

/** Refuses with 6200 what the project neither owns nor has a record on: to it, the backup does not exist. */
export async function standingTo(records: Looked, projectId: string, backupId: string): Promise<Standing> {
  return standing(records, projectId, await backupNamed(records, backupId), backupId)
}

/** As `standingTo`, and holds the backup: shares of it change only under this lock. */
export async function lockStanding(records: Looked, projectId: string, backupId: string): Promise<Standing> {
  const backup = isUuid(backupId) ? await records.backups.lock(backupId) : undefined
  return standing(records, projectId, backup, backupId)
}

/** Nothing but an id of ours is ever looked up. */
export const backupNamed = async (records: Looked, backupId: string): Promise<BackupRecord | undefined> =>
  isUuid(backupId) ? records.backups.find(backupId) : undefined

async function standing(
  records: Looked,
  projectId: string,
  backup: BackupRecord | undefined,
  backupId: string,
): Promise<Standing> {
  if (backup?.projectId === projectId) return { role: 'sharer', backup }
  const own = backup && (await records.members.find(backupId, projectId))
  if (backup === undefined || own?.destProjectId !== projectId) refuse('6200', { backup: backupId })
  return { role: 'recipient', backup, own }
}

interface Asking {
  readonly projectId: string
}

/**
 * The path check of AddMember, which the front door asks when the body is wrong: whether the caller sees the backup
 * (semantics 8.4: 6200 before 9900).
 */
export async function findOfferable(ports: Pick<Ports, 'catalog'>, caller: Asking, backupId: string): Promise<void> {
  await ports.catalog.read(async records => checkSeen(await standingTo(records, caller.projectId, backupId)))
}

/** The path check of the other member operations: who rejected a share still has a record to look at and to answer. */
export async function findShared(ports: Pick<Ports, 'catalog'>, caller: Asking, backupId: string): Promise<void> {
  await ports.catalog.read(records => standingTo(records, caller.projectId, backupId))
}

/** The member that a path means, by project or by record (semantics 8.3); refuses with 6705 where there is none. */
export async function memberNamed(
  records: Pick<Records, 'members'>,
  backupId: string,
  memberId: string,
): Promise<MemberRecord> {
  const member = isProjectId(memberId) ? await records.members.find(backupId, memberId) : undefined
  return member ?? refuse('6705', { member: memberId })
}

/** Refuses with 6200 when the backup has left the view of a recipient who rejected it. */
export function checkSeen(standing: Standing): Standing {
  if (standing.role === 'recipient' && standing.own.status === 'rejected') {
    refuse('6200', { backup: standing.backup.id })
  }
  return standing
}
