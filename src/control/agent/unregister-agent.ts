import type { UseCase } from '../use-case.ts'
import { lockAgent } from './agent-rules.ts'

/** No agent makes backups yet, so that there are none to go with it. */
export const unregisterAgent: UseCase<'UnregisterAgent', 'catalog'> = async (ports, caller, { path }) => {
  await ports.catalog.change(async records => {
    const { projectId, id } = await lockAgent(records, caller.projectId, path.agent_id)
    await records.agents.remove(projectId, id)
  })
  return undefined
}
