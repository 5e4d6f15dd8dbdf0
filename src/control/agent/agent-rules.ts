/** Agents and their paths (semantics 15). Shapes and lengths have passed the contract check. */
import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { ExcludePath } from '../../contract/operations.gen.ts'
import type { AgentPathRecord, AgentRecord } from '../../ports/catalog/agent.ts'
import type { Records } from '../../ports/catalog/catalog.ts'

/** Of one agent: the contract has a code for too many and no number. */
const MOST_PATHS = 64

/** The project's agent of that id: 7410. */
export async function ownAgent(
  records: Pick<Records, 'agents'>,
  projectId: string,
  agentId: string,
): Promise<AgentRecord> {
  const agent = isUuid(agentId) ? await records.agents.find(projectId, agentId) : undefined
  return agent ?? refuse('7410', { agent: agentId })
}

/** As `ownAgent`, held until the transaction ends. */
export async function lockAgent(
  records: Pick<Records, 'agents'>,
  projectId: string,
  agentId: string,
): Promise<AgentRecord> {
  const agent = isUuid(agentId) ? await records.agents.lock(projectId, agentId) : undefined
  return agent ?? refuse('7410', { agent: agentId })
}

export function checkAgentId(agentId: string): void {
  if (!isUuid(agentId)) refuse('7403', { agent: agentId, form: 'a UUID in small letters' })
}

const ABSOLUTE = /^(\/|[A-Za-z]:[\\/])/
const ROOT = /^(\/+|[A-Za-z]:[\\/]+)$/

/** An absolute path of Unix or Windows as it is kept: without a separator at its end. 9900. */
export function cleanPath(path: string): string {
  if (!ABSOLUTE.test(path)) refuse('9900', { path, form: 'an absolute path' })
  if (ROOT.test(path)) return path.startsWith('/') ? '/' : path.slice(0, 3)
  return path.replace(/[\\/]+$/, '')
}

export interface Addition {
  readonly paths: readonly AgentPathRecord[]
  readonly added: readonly string[]
  readonly existed: readonly string[]
}

/** What an agent's paths become with the ones named: 9900, 7407. Exclusions take the place of those of their path. */
export function pathsWith(agent: AgentRecord, named: readonly string[], exclusions: readonly ExcludePath[]): Addition {
  const wanted = [...new Set(named.map(cleanPath))]
  const isThere = (path: string) => agent.paths.some(({ dirPath }) => dirPath === path)
  const added = wanted.filter(path => !isThere(path))
  if (agent.paths.length + added.length > MOST_PATHS) refuse('7407', { agent: agent.id, most: MOST_PATHS })
  const fresh = added.map(dirPath => ({ id: crypto.randomUUID(), dirPath, excludePaths: [] }))
  return { paths: excluding([...agent.paths, ...fresh], exclusions), added, existed: wanted.filter(isThere) }
}

function excluding(paths: readonly AgentPathRecord[], exclusions: readonly ExcludePath[]): readonly AgentPathRecord[] {
  const byPath = new Map<string, readonly string[]>()
  for (const { path_name: name, exclude_path_name: excluded = [] } of exclusions) {
    const path = cleanPath(name ?? '')
    if (!paths.some(({ dirPath }) => dirPath === path))
      refuse('9900', { exclude_path: `${path} is no path of the agent` })
    byPath.set(path, excluded)
  }
  return paths.map(path => ({ ...path, excludePaths: byPath.get(path.dirPath) ?? path.excludePaths }))
}
