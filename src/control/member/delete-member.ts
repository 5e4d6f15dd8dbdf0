import { refuse } from '../../contract/errors.ts'
import type { UseCase } from '../use-case.ts'
import { memberNamed, standingTo } from './find-shared.ts'
import { dropMember, lockShare } from './member-release.ts'
import { checkNoImage } from './member-rules.ts'

/** The sharer cancels one share, whatever its status; a recipient rejects instead (6707). */
export const deleteMember: UseCase<'DeleteMember', 'catalog' | 'now'> = ({ catalog, now }, caller, { path }) =>
  catalog.change(async records => {
    const standing = await standingTo(records, caller.projectId, path.backup_id)
    if (standing.role === 'recipient') refuse('6707', { reason: 'reject the share instead' })
    const member = await memberNamed(records, path.backup_id, path.member_id)
    checkNoImage(member)
    await lockShare(records, member)
    await dropMember(records, member, now())
    return undefined
  })
