import type { Member } from '../../contract/operations.gen.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'

/** A member record on the wire; what has no value is left out (semantics 8.3, 1.4). */
export const asMember = (member: MemberRecord): Member => viewOf(member, asTimestamp(member.createdAt))

/** As `asMember`. Members made together share their moment, which takes longer to write out than all the rest. */
export function asMembers(members: readonly MemberRecord[]): Member[] {
  let last: { readonly at: Date; readonly text: string } | undefined
  return members.map(member => {
    const { createdAt: at } = member
    if (last?.at !== at) last = { at, text: asTimestamp(at) }
    return viewOf(member, last.text)
  })
}

const viewOf = (member: MemberRecord, createdAt: string): Member => ({
  status: member.status,
  backup_id: member.backupId,
  dest_project_id: member.destProjectId,
  created_at: createdAt,
  id: member.id,
  ...(member.updatedAt && { updated_at: asTimestamp(member.updatedAt) }),
  ...(member.vaultId !== undefined && { vault_id: member.vaultId }),
  ...(member.imageId !== undefined && { image_id: member.imageId }),
})
