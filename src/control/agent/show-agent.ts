import type { UseCase } from '../use-case.ts'
import { ownAgent } from './agent-rules.ts'
import { asAgent } from './agent-view.ts'

export const showAgent: UseCase<'ShowAgent', 'catalog'> = async (ports, caller, { path }) => {
  const agent = await ports.catalog.read(records => ownAgent(records, caller.projectId, path.agent_id))
  return { agent: asAgent(agent) }
}
