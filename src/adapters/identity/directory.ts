import type { PolicyStatement, ProjectRecord } from '../../ports/identity.ts'
import type { DomainName, DomainRecord, NameInDomain, RoleRecord, UserRecord } from '../../ports/identity-service.ts'

/**
 * All accounts, in memory: what the settings say, with ids. It never changes while the process runs, so a lookup is a
 * map's and an answer made from it may be kept as long as the process lives.
 */
export interface Directory {
  readonly domains: readonly DomainRecord[]
  readonly projects: readonly ProjectRecord[]
  readonly accounts: readonly Account[]
  domain(named: DomainName): DomainRecord | undefined
  /** `home` is the domain meant where the name comes without one. */
  project(named: NameInDomain, home?: DomainRecord): ProjectRecord | undefined
  account(named: NameInDomain): Account | undefined
  accessKey(ak: string): AccessKey | undefined
}

export interface Account {
  readonly user: UserRecord
  /** As the settings have it. */
  readonly password: string | undefined
  /** By project id; only projects in which the user holds a role. */
  readonly holdings: ReadonlyMap<string, Holding>
}

/** What a user holds in a project. */
export interface Holding {
  readonly roles: readonly RoleRecord[]
  /** Names of those roles that the service knows by itself. */
  readonly systemRoles: readonly string[]
  /** Of those that are custom policies. */
  readonly statements: readonly PolicyStatement[]
}

export interface AccessKey {
  readonly secret: string
  readonly account: Account
}

export interface Accounts {
  readonly domains: readonly DomainRecord[]
  readonly projects: readonly ProjectRecord[]
  readonly accounts: readonly Account[]
  readonly accessKeys: ReadonlyMap<string, AccessKey>
}

/** Indexes the accounts. Ids and names are unique within what they name; `readAccounts` sees to that. */
export function openDirectory({ domains, projects, accounts, accessKeys }: Accounts): Directory {
  const domainById = new Map(domains.map(domain => [domain.id, domain]))
  const domainByName = new Map(domains.map(domain => [domain.name, domain]))
  const projectById = new Map(projects.map(project => [project.id, project]))
  const projectByName = new Map(projects.map(project => [nameKey(project.domainId, project.name), project]))
  const accountById = new Map(accounts.map(account => [account.user.id, account]))
  const accountByName = new Map(accounts.map(account => [nameKey(account.user.domain.id, account.user.name), account]))

  const domain = (named: DomainName): DomainRecord | undefined =>
    'id' in named ? domainById.get(named.id) : domainByName.get(named.name)
  const keyOf = (named: { readonly name: string; readonly domain?: DomainName }, home?: DomainRecord): string => {
    const found = named.domain ? domain(named.domain) : home
    return found ? nameKey(found.id, named.name) : ''
  }
  return {
    domains,
    projects,
    accounts,
    domain,
    project: (named, home) => ('id' in named ? projectById.get(named.id) : projectByName.get(keyOf(named, home))),
    account: named => ('id' in named ? accountById.get(named.id) : accountByName.get(keyOf(named))),
    accessKey: ak => accessKeys.get(ak),
  }
}

/** No id holds a line break, so no two pairs give the same key. */
function nameKey(domainId: string, name: string): string {
  return `${domainId}\n${name}`
}
