import type { Agent } from '../../contract/operations.gen.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { AgentRecord } from '../../ports/catalog/agent.ts'

export const asAgent = (agent: AgentRecord): Agent => ({
  agent_id: agent.id,
  ...(agent.version !== undefined && { agent_version: agent.version }),
  ...(agent.type !== undefined && { agent_type: agent.type }),
  host_name: agent.hostName,
  host_nickname: agent.hostNickname,
  host_ip: agent.hostIp,
  host_os: agent.hostOs,
  status: agent.status,
  created_at: asTimestamp(agent.createdAt),
  updated_at: asTimestamp(agent.updatedAt),
  last_active_time: asTimestamp(agent.lastActiveAt),
  paths: agent.paths.map(({ id, dirPath, excludePaths }) => ({
    id,
    agent_id: agent.id,
    dir_path: dirPath,
    status: 'available',
    ...(excludePaths.length > 0 && { exclude_paths: excludePaths.join(',') }),
  })),
})
