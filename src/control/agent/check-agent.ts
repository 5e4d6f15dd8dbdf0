import type { ProtectableAgentStatus } from '../../contract/operations.gen.ts'
import type { AgentRecord } from '../../ports/catalog/agent.ts'
import type { UseCase } from '../use-case.ts'

const FINE = 0
/** `code` has to be a number for a client (semantics 24.1 #39); the vendor has published only that 0 is fine. */
const NONE = 1

/** Which resources have an agent: the one that registered with the resource's id. In the order asked for. */
export const checkAgent: UseCase<'CheckAgent', 'catalog'> = async (ports, caller, { body }) => {
  const ids = body.agent_status.map(({ resource_id: id }) => id)
  const agents = await ports.catalog.read(records => records.agents.named(caller.projectId, [...new Set(ids)]))
  const present = new Map(agents.filter(({ status }) => status === 'normal').map(agent => [agent.id, agent]))
  return { agent_status: ids.map(id => statusOf(id, present.get(id))) }
}

function statusOf(id: string, agent: AgentRecord | undefined): ProtectableAgentStatus {
  if (agent === undefined) {
    return { resource_id: id, installed: false, code: NONE, message: 'no agent of this resource is registered' }
  }
  const { version } = agent
  return { resource_id: id, installed: true, is_old: false, code: FINE, message: '', ...(version && { version }) }
}
