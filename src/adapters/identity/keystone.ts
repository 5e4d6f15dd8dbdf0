import type { Caller, Identity, ProjectRecord } from '../../ports/identity.ts'
import type { DomainRecord } from '../../ports/identity-service.ts'
import type { Now } from '../../ports/now.ts'
import { freshFor } from './fresh-for.ts'
import { type KeystoneAccess, type KeystoneGet, openKeystone } from './keystone-client.ts'
import { readCaller, readDomain, readProject, rowsIn } from './keystone-rows.ts'

export interface KeystoneIdentityOptions extends Pick<KeystoneAccess, 'authUrl' | 'user' | 'password'> {
  /** `service` by default, which is where deployments keep the users of services. */
  readonly project?: string | undefined
  /** `Default` by default. */
  readonly domain?: string | undefined
  readonly now: Now
  /** For how long a checked token is taken without asking again: a revocation may take that long. A minute by default. */
  readonly trustSeconds?: number | undefined
}

export interface KeystoneIdentity extends Identity {
  /** All of all domains, disabled ones too: the operator's configuration may name any. */
  allProjects(): Promise<readonly ProjectRecord[]>
}

/**
 * `Identity` over an OpenStack Keystone: it signs users in, this adapter asks what their tokens stand for. There are no
 * access keys in this shape, so a signed request has no caller. Roles come by name (`access/system-roles.ts`).
 */
export function openKeystoneIdentity(options: KeystoneIdentityOptions): KeystoneIdentity {
  const { authUrl, user, password, project = 'service', domain = 'Default', now, trustSeconds = 60 } = options
  const get = openKeystone({ authUrl: authUrl.replace(/\/+$/, ''), user, password, project, domain })
  const callers = freshFor<KnownCaller | undefined>({ ms: trustSeconds * 1000, most: 10_000, now })
  const projects = openProjects(get, now)
  return {
    async callerOfToken(token) {
      // Anything else could not be a header's value, or would be another one than it looks.
      if (!/^[A-Za-z0-9_.=-]{1,8192}$/.test(token)) return undefined
      const known = await callers(token, () => callerOf(get, token))
      return known && now().getTime() < known.expiresAt ? known.caller : undefined
    },
    callerOfSignature: async () => undefined,
    ...projects,
  }
}

interface KnownCaller {
  readonly caller: Caller
  readonly expiresAt: number
}

async function callerOf(get: KeystoneGet, token: string): Promise<KnownCaller | undefined> {
  const { status, body } = await get('/auth/tokens?nocatalog', { 'x-subject-token': token })
  return status === 200 ? readCaller(body) : undefined
}

type Projects = Pick<
  KeystoneIdentity,
  'unknownProjects' | 'project' | 'projectsOfDomain' | 'projectsOfUser' | 'allProjects'
>

/** Projects and domains change seldom; half a minute late is soon enough. */
const rowsMs = 30_000

function openProjects(get: KeystoneGet, now: Now): Projects {
  const fresh = { ms: rowsMs, most: 10_000, now }
  const knownProjects = freshFor<ProjectRecord | undefined>(fresh)
  const knownDomains = freshFor<DomainRecord | undefined>(fresh)

  const domain = (id: string): Promise<DomainRecord | undefined> =>
    knownDomains(id, async () => {
      const { status, body } = await get(`/domains/${encodeURIComponent(id)}`)
      return status === 200 ? readDomain(body.domain) : undefined
    })
  const domainNamed = async (name: string): Promise<DomainRecord | undefined> => {
    const { body } = await get(`/domains?name=${encodeURIComponent(name)}`)
    return rowsIn(body, 'domains')
      .map(readDomain)
      .find(found => found.name === name)
  }
  const withDomain = async (row: unknown): Promise<ProjectRecord> => {
    const read = readProject(row)
    return { ...read, domainName: (await domain(read.domainId))?.name ?? '' }
  }
  const project = async (id: string): Promise<ProjectRecord | undefined> =>
    isId(id)
      ? knownProjects(id, async () => {
          const { status, body } = await get(`/projects/${id}`)
          return status === 200 ? withDomain(body.project) : undefined
        })
      : undefined
  const list = async (path: string): Promise<readonly ProjectRecord[]> => {
    const { body } = await get(path)
    return Promise.all(rowsIn(body, 'projects').map(withDomain))
  }
  const enabled = async (path: string) => (await list(path)).filter(one => one.enabled)
  return {
    project,
    async unknownProjects(ids) {
      const found = await Promise.all(ids.map(project))
      return ids.filter((_, at) => !found[at]?.enabled)
    },
    async projectsOfDomain(named) {
      const found = 'id' in named ? await domainWithId(domain, named.id) : await domainNamed(named.name)
      return found && enabled(`/projects?domain_id=${encodeURIComponent(found.id)}`)
    },
    projectsOfUser: async userId => (isId(userId) ? enabled(`/users/${userId}/projects`) : []),
    allProjects: () => list('/projects'),
  }
}

function domainWithId(domain: (id: string) => Promise<DomainRecord | undefined>, id: string) {
  return isId(id) ? domain(id) : undefined
}

/** Keystone's ids are 32 or 64 hexadecimal digits, or words such as `default`. Nothing else goes into a URL. */
function isId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id)
}
