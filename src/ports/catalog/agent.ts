import type { Listing, Page } from './listing.ts'

/** A folder or file of the host that is to be backed up. */
export interface AgentPathRecord {
  readonly id: string
  /** Absolute, without a separator at its end. */
  readonly dirPath: string
  /** What in it is left out. */
  readonly excludePaths: readonly string[]
}

/** The program on a host that backs up files, as it has registered itself (semantics 15). */
export interface AgentRecord {
  /** The program's own, one per project. */
  readonly id: string
  readonly projectId: string
  readonly version?: string
  readonly type?: 'cloud' | 'native'
  readonly hostName: string
  readonly hostNickname: string
  readonly hostIp: string
  readonly hostOs: string
  readonly status: 'normal' | 'uninstall'
  readonly lastActiveAt: Date
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly paths: readonly AgentPathRecord[]
}

export interface Agents {
  /** Inserts, or takes the place of the project's agent of that id. */
  put(agent: AgentRecord): Promise<void>
  find(projectId: string, id: string): Promise<AgentRecord | undefined>
  /** As `find`, and holds the row. */
  lock(projectId: string, id: string): Promise<AgentRecord | undefined>
  /** Those of the ids that are there, in order of id. */
  named(projectId: string, ids: readonly string[]): Promise<readonly AgentRecord[]>
  /** Newest first, then by id. */
  list(
    projectId: string,
    filter: { readonly ids?: readonly string[]; readonly status?: string },
    page: Page,
  ): Promise<Listing<AgentRecord>>
  remove(projectId: string, id: string): Promise<void>
}
