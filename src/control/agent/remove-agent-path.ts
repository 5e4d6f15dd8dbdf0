import type { UseCase } from '../use-case.ts'
import { cleanPath, lockAgent } from './agent-rules.ts'

/** What is not there is named, and no error. */
export const removeAgentPath: UseCase<'RemoveAgentPath', 'catalog' | 'now'> = async (ports, caller, { path, body }) => {
  const at = ports.now()
  return ports.catalog.change(async records => {
    const agent = await lockAgent(records, caller.projectId, path.agent_id)
    const named = new Set(body.remove_path.map(cleanPath))
    const removed = agent.paths.map(({ dirPath }) => dirPath).filter(dirPath => named.has(dirPath))
    const paths = agent.paths.filter(({ dirPath }) => !named.has(dirPath))
    await records.agents.put({ ...agent, paths, updatedAt: at })
    return { removed, not_existed: [...named].filter(dirPath => !removed.includes(dirPath)) }
  })
}
