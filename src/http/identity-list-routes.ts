import type { FastifyInstance, FastifyRequest } from 'fastify'
import { maySeeDomain, maySeeProject, maySeeUser } from '../access/may-see.ts'
import type { ProjectRecord } from '../ports/identity.ts'
import type { DomainRecord, Grant, IdentityService, UserRecord } from '../ports/identity-service.ts'
import { grantOfCaller } from './identity-caller.ts'
import { type CatalogService, catalogOf } from './identity-catalog.ts'
import { notFound } from './identity-refusal.ts'
import { domainView, listView, projectView, userView } from './identity-view.ts'
import { rootOf } from './version-routes.ts'

/** Projects, domains, users, regions and the catalog: each list and each single one, as far as the caller may see. */
export function identityListRoutes(identity: FastifyInstance, service: IdentityService): void {
  const seen = openSeen(service)
  type Rows = (request: FastifyRequest, grant: Grant) => Promise<readonly object[]>
  const list = (path: string, name: string, rows: Rows): void => {
    identity.get(path, async request => {
      const grant = await grantOfCaller(service, request)
      const self = `${rootOf(request, service.catalogUrl)}${request.url.split('?', 1)[0]}`
      return listView(name, await rows(request, grant), self)
    })
  }
  const projects = (request: FastifyRequest, rows: readonly ProjectRecord[]) =>
    rows.map(project => projectView(project, rootOf(request, service.catalogUrl)))
  const domains = (request: FastifyRequest, rows: readonly DomainRecord[]) =>
    rows.map(domain => domainView(domain, rootOf(request, service.catalogUrl)))
  const users = (request: FastifyRequest, rows: readonly UserRecord[]) =>
    rows.map(user => userView(user, rootOf(request, service.catalogUrl)))

  list('/v3/auth/projects', 'projects', async (request, { user }) =>
    projects(request, await service.projectsOfUser(user.id)),
  )
  list('/v3/auth/domains', 'domains', async (request, { user }) => domains(request, [user.domain]))
  list('/v3/projects', 'projects', async (request, grant) =>
    projects(request, await wantedProjects(service, request, { grant, visible: await seen.projects(grant) })),
  )
  list('/v3/domains', 'domains', async (request, grant) =>
    domains(request, seen.domains(grant).filter(filterOf(request, ({ id, name }: DomainRecord) => ({ id, name })))),
  )
  list('/v3/users', 'users', async (request, grant) =>
    users(request, seen.users(grant).filter(filterOf(request, userFields))),
  )
  list('/v3/users/:id/projects', 'projects', async (request, grant) => {
    const user = found('user', idIn(request), seen.users(grant))
    return projects(request, await service.projectsOfUser(user.id))
  })

  identity.get('/v3/projects/:id', async request => {
    const visible = await seen.projects(await grantOfCaller(service, request))
    return { project: projects(request, [found('project', idIn(request), visible)])[0] }
  })
  identity.get('/v3/domains/:id', async request => {
    const visible = seen.domains(await grantOfCaller(service, request))
    return { domain: domains(request, [found('domain', idIn(request), visible)])[0] }
  })
  identity.get('/v3/users/:id', async request => {
    const visible = seen.users(await grantOfCaller(service, request))
    return { user: users(request, [found('user', idIn(request), visible)])[0] }
  })
  catalogRoutes(service, list)
}

function openSeen(service: IdentityService) {
  return {
    async projects(grant: Grant): Promise<readonly ProjectRecord[]> {
      const own = await service.projectsOfUser(grant.user.id)
      return service.projects().filter(project => maySeeProject(grant, project, own))
    },
    domains: (grant: Grant) => service.domains().filter(domain => maySeeDomain(grant, domain)),
    users: (grant: Grant) => service.users().filter(user => maySeeUser(grant, user)),
  }
}

/**
 * By `name`, `domain_id` and `enabled`. The vendor's projects are named after regions, and its provider, given an access
 * key only, asks for the project of its region's name: then, if no project has that name, a user with a single project
 * gets that one.
 */
async function wantedProjects(
  service: IdentityService,
  request: FastifyRequest,
  { grant, visible }: { readonly grant: Grant; readonly visible: readonly ProjectRecord[] },
): Promise<readonly ProjectRecord[]> {
  const wanted = visible.filter(filterOf(request, projectFields))
  const { name } = request.query as { readonly name?: unknown }
  const byRegion = wanted.length === 0 && name === service.region && grant.methods.includes('access-key')
  if (!byRegion) return wanted
  const own = await service.projectsOfUser(grant.user.id)
  return own.length === 1 ? own : []
}

function catalogRoutes(
  service: IdentityService,
  list: (
    path: string,
    name: string,
    rows: (request: FastifyRequest, grant: Grant) => Promise<readonly object[]>,
  ) => void,
): void {
  const catalog = (request: FastifyRequest, { scope }: Grant): readonly CatalogService[] => {
    const projectId = scope.kind === 'project' ? scope.project.id : undefined
    return catalogOf(rootOf(request, service.catalogUrl), service.region, projectId)
  }
  list('/v3/auth/catalog', 'catalog', async (request, grant) => catalog(request, grant))
  list('/v3/services', 'services', async (request, grant) =>
    catalog(request, grant)
      .map(({ id, type, name }) => ({ id, type, name, enabled: true }))
      .filter(filterOf(request, ({ type, name }) => ({ type, name }))),
  )
  list('/v3/endpoints', 'endpoints', async (request, grant) =>
    catalog(request, grant)
      .flatMap(({ id, endpoints }) => endpoints.map(endpoint => ({ ...endpoint, service_id: id, enabled: true })))
      .filter(
        filterOf(request, one => ({ interface: one.interface, service_id: one.service_id, region_id: one.region_id })),
      ),
  )
  list('/v3/regions', 'regions', async () => [{ id: service.region, description: '', parent_region_id: null }])
}

/** Every filter of the query that the kind of thing has must hold; others are left alone, as Keystone does. */
function filterOf<T>(
  request: FastifyRequest,
  fieldsOf: (row: T) => Readonly<Record<string, string>>,
): (row: T) => boolean {
  const wanted = Object.entries(request.query as Readonly<Record<string, unknown>>).map(
    ([name, value]) => [name, name === 'enabled' ? String(value).toLowerCase() : String(value)] as const,
  )
  return row => {
    const fields = fieldsOf(row)
    return wanted.every(([name, value]) => !Object.hasOwn(fields, name) || fields[name] === value)
  }
}

function projectFields({ name, domainId, enabled }: ProjectRecord) {
  return { name, domain_id: domainId, enabled: String(enabled) }
}

function userFields({ name, domain, enabled }: UserRecord) {
  return { name, domain_id: domain.id, enabled: String(enabled) }
}

function idIn(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

function found<T extends { readonly id: string }>(kind: string, id: string, among: readonly T[]): T {
  return among.find(one => one.id === id) ?? notFound(kind, id)
}
