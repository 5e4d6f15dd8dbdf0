import { pageOf } from '../../contract/paging.ts'
import type { UseCase } from '../use-case.ts'
import { asAgent } from './agent-view.ts'

/** Newest first. */
export const listAgent: UseCase<'ListAgent', 'catalog'> = async (ports, caller, { query }) => {
  const page = pageOf(query)
  const { limit, offset } = page
  const { agent_id: ids, status } = query
  const filter = { ...(ids && { ids }), ...(status && { status }) }
  const { rows, total } = await ports.catalog.read(({ agents }) => agents.list(caller.projectId, filter, page))
  return { agents: rows.map(asAgent), count: total, limit, offset }
}
