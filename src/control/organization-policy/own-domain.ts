import type { Identity, ProjectRecord } from '../../ports/identity.ts'

export interface OwnDomain {
  readonly id: string
  readonly name: string
  /** Its enabled projects. */
  readonly projects: readonly ProjectRecord[]
}

/** The account that the caller's project belongs to: his own account may be another. */
export async function ownDomain(
  identity: Identity,
  caller: { readonly projectId: string; readonly domainId: string; readonly domainName: string },
): Promise<OwnDomain> {
  const project = await identity.project(caller.projectId)
  const { domainId: id, domainName: name } = project ?? caller
  return { id, name, projects: (await identity.projectsOfDomain({ id })) ?? [] }
}
