import type { ProjectRecord } from '../ports/identity.ts'
import type { DomainRecord, Grant, UserRecord } from '../ports/identity-service.ts'

/**
 * What a user may ask the identity service about others. Everyone sees themselves, their domain and the projects they
 * hold a role in; an `admin` sees their whole domain, and the role `service` (of services that check tokens) everything.
 * What may not be seen is answered as what does not exist.
 */

export function mayInspect(grant: Grant, subject: Grant): boolean {
  return maySeeUser(grant, subject.user)
}

export function maySeeUser(grant: Grant, user: UserRecord): boolean {
  return user.id === grant.user.id || rules(grant, user.domain.id)
}

export function maySeeDomain(grant: Grant, domain: DomainRecord): boolean {
  return domain.id === grant.user.domain.id || holds(grant, 'service')
}

/** `own` are the projects in which the caller holds a role. */
export function maySeeProject(grant: Grant, project: ProjectRecord, own: readonly ProjectRecord[]): boolean {
  return own.some(({ id }) => id === project.id) || rules(grant, project.domainId)
}

/** An administrator rules the domain of the project they are signed in to, and only if it is their own. */
function rules(grant: Grant, domainId: string): boolean {
  const home = grant.scope.kind === 'project' && grant.scope.project.domainId === grant.user.domain.id
  return holds(grant, 'service') || (home && domainId === grant.user.domain.id && holds(grant, 'admin'))
}

function holds(grant: Grant, role: string): boolean {
  return grant.roles.some(({ name }) => name === role)
}
