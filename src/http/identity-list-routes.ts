import type { FastifyInstance, FastifyRequest } from 'fastify'
import { maySeeDomain, maySeeProject, maySeeUser } from '../access/may-see.ts'
import type { ProjectRecord } from '../ports/identity.ts'
import type { Grant, IdentityService } from '../ports/identity-service.ts'
import { grantOfCaller } from './identity-caller.ts'
import { type CatalogService, catalogOf } from './identity-catalog.ts'
import { notFound } from './identity-refusal.ts'
import { domainView, listView, projectView, userView } from './identity-view.ts'
import { rootOf } from './version-routes.ts'

/**
 * Projects, domains, users, regions and the catalog, each list and each single one, as far as the caller may see.
 * Lists take the filters that their `fields` name.
 */
export function identityListRoutes(identity: FastifyInstance, service: IdentityService): void {
  const serve = openServe(identity, service)
  serve.list('/v3/auth/projects', 'projects', {
    rows: ({ user }) => service.projectsOfUser(user.id),
    view: projectView,
  })
  serve.list('/v3/auth/domains', 'domains', { rows: ({ user }) => [user.domain], view: domainView })
  serve.all('project', {
    rows: grant => visibleProjects(service, grant),
    fields: ({ name, domainId, enabled }) => ({ name, domain_id: domainId, enabled: String(enabled) }),
    none: (request, grant) => projectOfRegion(service, request, grant),
    view: projectView,
  })
  serve.all('domain', {
    rows: grant => service.domains().filter(domain => maySeeDomain(grant, domain)),
    fields: ({ name }) => ({ name, enabled: 'true' }),
    view: domainView,
  })
  serve.all('user', {
    rows: grant => visibleUsers(service, grant),
    fields: ({ name, domain, enabled }) => ({ name, domain_id: domain.id, enabled: String(enabled) }),
    view: userView,
  })
  serve.list('/v3/users/:id/projects', 'projects', {
    rows: async (grant, request) => {
      const user = found('user', idIn(request), visibleUsers(service, grant))
      return service.projectsOfUser(user.id)
    },
    view: projectView,
  })
  catalogRoutes(serve, service)
}

function catalogRoutes(serve: Serve, service: IdentityService): void {
  const catalog = ({ scope }: Grant, request: FastifyRequest): readonly CatalogService[] => {
    const projectId = scope.kind === 'project' ? scope.project.id : undefined
    return catalogOf(rootOf(request, service.catalogUrl), service.region, projectId)
  }
  serve.list('/v3/auth/catalog', 'catalog', { rows: catalog, view: row => row })
  serve.all('service', {
    rows: catalog,
    fields: ({ type, name }) => ({ type, name }),
    view: ({ id, type, name }) => ({ id, type, name, enabled: true }),
  })
  serve.all('endpoint', {
    rows: (grant, request) =>
      catalog(grant, request).flatMap(({ id, endpoints }) => endpoints.map(one => ({ ...one, service_id: id }))),
    fields: one => ({ interface: one.interface, service_id: one.service_id, region_id: one.region_id }),
    view: one => ({ ...one, enabled: true }),
  })
  serve.all('region', {
    rows: () => [{ id: service.region }],
    view: ({ id }) => ({ id, description: '', parent_region_id: null }),
  })
}

/** A kind of thing: which of them the caller may see, and how they are shown below the URL `root`. */
interface Kind<T> {
  readonly rows: (grant: Grant, request: FastifyRequest) => readonly T[] | Promise<readonly T[]>
  readonly view: (row: T, root: string) => object
  /** What a list can be filtered by. */
  readonly fields?: (row: T) => Readonly<Record<string, string>>
  /** What a list answers instead of nothing. */
  readonly none?: (request: FastifyRequest, grant: Grant) => Promise<readonly T[]>
}

interface Serve {
  list<T>(path: string, name: string, kind: Kind<T>): void
  /** The list `/v3/{name}s` and each single one at `/v3/{name}s/{id}`. */
  all<T extends { readonly id: string }>(name: string, kind: Kind<T>): void
}

function openServe(identity: FastifyInstance, service: IdentityService): Serve {
  const list: Serve['list'] = (path, name, { rows, view, fields = () => ({}), none }) => {
    identity.get(path, async request => {
      const grant = await grantOfCaller(service, request)
      const root = rootOf(request, service.catalogUrl)
      const wanted = (await rows(grant, request)).filter(row => fits(request, fields(row)))
      const shown = wanted.length === 0 && none ? await none(request, grant) : wanted
      return listView(
        name,
        shown.map(row => view(row, root)),
        `${root}${request.url.split('?', 1)[0]}`,
      )
    })
  }
  return {
    list,
    all: (name, kind) => {
      list(`/v3/${name}s`, `${name}s`, kind)
      identity.get(`/v3/${name}s/:id`, async request => {
        const grant = await grantOfCaller(service, request)
        const row = found(name, idIn(request), await kind.rows(grant, request))
        return { [name]: kind.view(row, rootOf(request, service.catalogUrl)) }
      })
    },
  }
}

async function visibleProjects(service: IdentityService, grant: Grant): Promise<readonly ProjectRecord[]> {
  const own = await service.projectsOfUser(grant.user.id)
  return service.projects().filter(project => maySeeProject(grant, project, own))
}

function visibleUsers(service: IdentityService, grant: Grant) {
  return service.users().filter(user => maySeeUser(grant, user))
}

/**
 * The vendor's projects are named after regions, and its provider, given an access key only, asks for the project of its
 * region's name: a user with a single project gets that one if no project has the name.
 */
async function projectOfRegion(
  service: IdentityService,
  request: FastifyRequest,
  { user, methods }: Grant,
): Promise<readonly ProjectRecord[]> {
  const { name } = request.query as { readonly name?: unknown }
  if (name !== service.region || !methods.includes('access-key')) return []
  const own = await service.projectsOfUser(user.id)
  return own.length === 1 ? own : []
}

/** Every filter of the query that the kind of thing has must hold; others are left alone, as Keystone does. */
function fits(request: FastifyRequest, fields: Readonly<Record<string, string>>): boolean {
  return Object.entries(request.query as Readonly<Record<string, unknown>>).every(([name, value]) => {
    const wanted = name === 'enabled' ? String(value).toLowerCase() : String(value)
    return !Object.hasOwn(fields, name) || fields[name] === wanted
  })
}

function idIn(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

function found<T extends { readonly id: string }>(kind: string, id: string, among: readonly T[]): T {
  return among.find(one => one.id === id) ?? notFound(kind, id)
}
