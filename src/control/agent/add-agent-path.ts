import type { UseCase } from '../use-case.ts'
import { lockAgent, pathsWith } from './agent-rules.ts'

/** All or none; what is there already stays and is named. */
export const addAgentPath: UseCase<'AddAgentPath', 'catalog' | 'now'> = async (ports, caller, { path, body }) => {
  const at = ports.now()
  return ports.catalog.change(async records => {
    const agent = await lockAgent(records, caller.projectId, path.agent_id)
    const { paths, added, existed } = pathsWith(agent, body.add_path, body.exclude_path ?? [])
    await records.agents.put({ ...agent, paths, updatedAt: at })
    return { added, existed }
  })
}
