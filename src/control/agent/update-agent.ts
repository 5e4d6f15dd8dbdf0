import type { UseCase } from '../use-case.ts'
import { lockAgent } from './agent-rules.ts'
import { asAgent } from './agent-view.ts'

/** The one thing that can be told an agent is to go; it is forgotten when it unregisters. */
export const updateAgent: UseCase<'UpdateAgent', 'catalog' | 'now'> = async (ports, caller, { path, body }) => {
  const at = ports.now()
  return ports.catalog.change(async records => {
    const before = await lockAgent(records, caller.projectId, path.agent_id)
    const agent = { ...before, status: body.agent.status, updatedAt: at }
    await records.agents.put(agent)
    return { agent: asAgent(agent) }
  })
}
