import type { AgentRecord } from '../../ports/catalog/agent.ts'
import type { UseCase } from '../use-case.ts'
import { checkAgentId } from './agent-rules.ts'
import { asAgent } from './agent-view.ts'

/** Called by the program on the host, at every start of it: it says anew what it is, its paths stay. */
export const registerAgent: UseCase<'RegisterAgent', 'catalog' | 'now'> = async (
  ports,
  caller,
  { body: { agent: sent } },
) => {
  const { projectId } = caller
  const at = ports.now()
  checkAgentId(sent.agent_id)
  return ports.catalog.change(async ({ agents }) => {
    const before = await agents.lock(projectId, sent.agent_id)
    const agent: AgentRecord = {
      id: sent.agent_id,
      projectId,
      ...(sent.agent_version && { version: sent.agent_version }),
      ...((sent.agent_type === 'cloud' || sent.agent_type === 'native') && { type: sent.agent_type }),
      hostName: sent.host_name,
      hostNickname: sent.host_nickname ?? before?.hostNickname ?? '',
      hostIp: sent.host_ip,
      hostOs: sent.host_os,
      status: 'normal',
      lastActiveAt: at,
      createdAt: before?.createdAt ?? at,
      updatedAt: at,
      paths: before?.paths ?? [],
    }
    await agents.put(agent)
    return { agent: asAgent(agent) }
  })
}
