import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { memberNamed, standingTo } from './find-shared.ts'
import { isMeant } from './member-rules.ts'
import { asMember } from './member-view.ts'

/** One member of a backup, by project or by record id. To a recipient, the other members do not exist. */
export const showMemberDetail: UseCase<'ShowMemberDetail', 'catalog'> = async ({ catalog }, caller, { path }) => {
  const member = await catalog.read(async records => {
    const standing = await standingTo(records, caller.projectId, path.backup_id)
    if (standing.role === 'sharer') return memberNamed(records, path.backup_id, path.member_id)
    return isMeant(standing.own, path.member_id) ? standing.own : refuse('6705', { member: path.member_id })
  })
  return { member: asMember(member) }
}
