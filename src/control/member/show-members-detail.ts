import { refuse } from '../../contract/errors.ts'
import type { Operations } from '../../contract/operations.gen.ts'
import { orderOf, pageOf } from '../../contract/paging.ts'
import type { MemberFilter } from '../../ports/catalog/member.ts'
import type { UseCase } from '../use-case.ts'
import { type Standing, standingTo } from './find-shared.ts'
import { isMemberStatus } from './member-rules.ts'
import { asMembers } from './member-view.ts'

const SORT_KEYS = ['created_at', 'updated_at', 'status', 'id', 'dest_project_id'] as const

/** The members of a backup: all of them to its sharer, to a recipient its own record only. */
export const showMembersDetail: UseCase<'ShowMembersDetail', 'catalog'> = async (
  { catalog },
  caller,
  { path, query },
) => {
  const order = orderOf(query.sort, SORT_KEYS)
  const asked = filterOf(query)
  const { rows, total } = await catalog.read(async records => {
    const filter = visible(await standingTo(records, caller.projectId, path.backup_id), asked)
    if (filter === undefined) return { rows: [], total: 0 }
    return records.members.list(path.backup_id, filter, order, pageOf(query))
  })
  return { members: asMembers(rows), count: total }
}

function filterOf(query: Operations['ShowMembersDetail']['query']): MemberFilter {
  const { status, vault_id: vaultId } = query
  if (status !== undefined && !isMemberStatus(status)) refuse('9900', { field: 'status', value: status })
  return {
    ...(query.dest_project_id !== undefined && { destProjectId: query.dest_project_id }),
    ...(query.image_id !== undefined && { imageId: query.image_id }),
    ...(status !== undefined && { status }),
    ...(vaultId !== undefined && { vaultId }),
  }
}

/** What of the filter a recipient may see; undefined when it asks for another's record. */
function visible(standing: Standing, filter: MemberFilter): MemberFilter | undefined {
  if (standing.role === 'sharer') return filter
  const { destProjectId } = standing.own
  if (filter.destProjectId !== undefined && filter.destProjectId !== destProjectId) return undefined
  return { ...filter, destProjectId }
}
