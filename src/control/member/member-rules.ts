/**
 * The rules of sharing (semantics 8.2 to 8.7). Who stands where: the *sharer* owns the backup; a *recipient* has a member
 * record on it; to everyone else the backup does not exist.
 */
import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import { GIB } from '../../contract/sizes.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { MemberRecord, MemberStatus } from '../../ports/catalog/member.ts'
import type { ObjectType, VaultRecord, VaultStatus } from '../../ports/catalog/vault.ts'

/** Pending, accepted and rejected records all count (semantics 8.2). */
export const MOST_MEMBERS = 10

/** Which vault takes the backups of which resource: also the list of what can be shared at all. */
const vaultFor: Readonly<Record<string, ObjectType>> = {
  'OS::Nova::Server': 'server',
  'OS::Cinder::Volume': 'disk',
}

const PROJECT_ID = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i

const STATUSES: readonly string[] = ['pending', 'accepted', 'rejected'] satisfies readonly MemberStatus[]

export const isMemberStatus = (text: string): text is MemberStatus => STATUSES.includes(text)
export const isProjectId = (text: string): boolean => PROJECT_ID.test(text)

/** Whether a `member_id` of a path means this record: the recipient's project, or the record itself (semantics 8.3). */
export const isMeant = (member: MemberRecord, memberId: string): boolean =>
  member.destProjectId === memberId || member.id === memberId

/** The projects an AddMember is about, each once, in order; and what of the request nobody knows. */
export interface Wanted {
  readonly projectIds: readonly string[]
  readonly unknown: readonly string[]
}

/** Whether this backup can be shared by this project at all: 6714, 6700, 6707, 6702. */
export function checkSharable(backup: BackupRecord, sharerId: string): void {
  if (backup.projectId !== sharerId) refuse('6714', { backup: backup.id })
  if (vaultFor[backup.resourceType] === undefined) refuse('6700', { type: backup.resourceType })
  if (backup.parentId !== undefined) refuse('6707', { reason: `share the server backup ${backup.parentId} instead` })
  if (backup.imageType !== 'backup') refuse('6707', { reason: 'it is a replica' })
  checkAvailable(backup)
}

export function checkAvailable(backup: BackupRecord): void {
  if (backup.status !== 'available') refuse('6702', { status: backup.status })
}

/** There is no key service whose grants could be asked (semantics 8.10). */
export function checkReadable(backup: BackupRecord): void {
  if (backup.encrypted) refuse('6709', { backup: backup.id })
}

/** The sharer's vault (6712): gone is as good as deleting. */
export function checkSharingVault(status: VaultStatus = 'deleting'): void {
  if (status !== 'available' && status !== 'lock') refuse('6712', { status })
}

/** Who may still be added: 6704, 6703, 6701. */
export function checkNewcomers(sharerId: string, present: readonly MemberRecord[], wanted: Wanted): void {
  const unknown = wanted.projectIds.includes(sharerId) ? [...wanted.unknown, sharerId] : wanted.unknown
  if (unknown.length > 0) refuse('6704', { projects: unknown })
  const already = present.filter(member => wanted.projectIds.includes(member.destProjectId))
  if (already.length > 0) refuse('6703', { projects: already.map(member => member.destProjectId) })
  const total = present.length + wanted.projectIds.length
  if (total > MOST_MEMBERS) refuse('6701', { shared: present.length, asked: wanted.projectIds.length })
}

/** A member of whom an image exists cannot leave: 6710. */
export function checkNoImage(member: MemberRecord): void {
  if (member.imageId !== undefined) refuse('6710', { image: member.imageId, project: member.destProjectId })
}

export type Answer =
  | { readonly status: 'accepted'; readonly vaultId: string }
  | { readonly status: Exclude<MemberStatus, 'accepted'> }

/** A recipient's answer out of the raw body: 6706 for a missing or impossible value (semantics 8.5 no. 2). */
export function answerFrom(body: { readonly status?: unknown; readonly vault_id?: unknown }): Answer {
  const { status, vault_id: vaultId } = body
  if (status === 'pending' || status === 'rejected') return { status }
  if (status !== 'accepted') refuse('6706', { status: 'one of accepted, pending, rejected' })
  if (typeof vaultId !== 'string' || !isUuid(vaultId.toLowerCase()))
    refuse('6706', { vault_id: 'needed to accept: a UUID' })
  return { status, vaultId: vaultId.toLowerCase() }
}

/**
 * Whether the member may go to what is asked: `same` when it is there already, else 6706 or 6710 (semantics 8.7).
 * Rejecting is always possible, and so is asking again for what was rejected.
 */
export function transition(member: MemberRecord, answer: Answer): 'same' | 'change' {
  if (answer.status === 'accepted' && member.status === 'accepted') {
    if (member.vaultId === answer.vaultId) return 'same'
    refuse('6706', { reason: 'it is accepted into another vault' })
  }
  if (answer.status === 'pending' && member.status === 'accepted') refuse('6706', { reason: 'it is accepted' })
  if (answer.status === 'rejected') checkNoImage(member)
  return answer.status === member.status ? 'same' : 'change'
}

/** The vault a recipient accepts into: 6712, 6713, 6129 (semantics 8.5 no. 6 to 9). */
export function checkAcceptingVault(vault: VaultRecord, backup: BackupRecord): void {
  if (vault.status !== 'available' && vault.status !== 'lock') refuse('6712', { status: vault.status })
  if (vault.protectType !== 'backup') refuse('6713', { protect_type: vault.protectType })
  if (vault.objectType !== vaultFor[backup.resourceType]) {
    refuse('6713', { object_type: vault.objectType, resource_type: backup.resourceType })
  }
  const free = vault.sizeGb * GIB - vault.usedBytes
  if (free <= backup.fullBytes) refuse('6129', { 'free bytes': free, 'needed more than': backup.fullBytes })
}
