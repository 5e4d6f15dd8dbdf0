import { createHash } from 'node:crypto'
import { roleNames } from '../../contract/role-names.ts'
import { Fault } from '../../ports/fault.ts'
import type { PolicyStatement, ProjectRecord } from '../../ports/identity.ts'
import type { DomainRecord, RoleRecord } from '../../ports/identity-service.ts'
import type { AccessKey, Account, Accounts, Holding } from './directory.ts'
import type { IdentityRows, NamedKind } from './identity-rows.ts'
import { readPolicy } from './policy-document.ts'
import type { DomainSettings, IdentitySettings, UserSettings } from './settings.ts'

/**
 * Turns the settings into accounts with ids. A name keeps the id it got first, whether that was given or made; a given
 * id that contradicts it is a mistake, since everything the old id owns would be lost from sight. What is no longer in
 * the settings is gone (no sign-in, no token, no share to it), and comes back with its old id when named again. All
 * mistakes are told at once, as a Fault `conflict`; then nothing has been written.
 */
export function readAccounts(settings: IdentitySettings, rows: IdentityRows): Accounts {
  return rows.atomic(() => {
    const mistakes: string[] = []
    const naming = openNaming(rows, mistakes)
    const domains = settings.domains.map(domain => readDomain(domain, naming, mistakes))
    const projects = domains.flatMap(domain => domain.projects)
    const accessKeys = new Map<string, AccessKey>()
    const accounts = domains.flatMap(domain =>
      (domain.settings.users ?? []).map(user => {
        const account = readUser(user, domain, { projects, naming, mistakes })
        for (const { ak, sk } of user.accessKeys ?? []) {
          if (!/^[A-Za-z0-9_-]{1,128}$/.test(ak) || sk === '')
            mistakes.push(`user ${user.name}: a malformed access key`)
          if (accessKeys.has(ak)) mistakes.push(`access key ${ak} is there twice`)
          accessKeys.set(ak, { secret: sk, account })
        }
        return account
      }),
    )
    if (mistakes.length > 0) throw new Fault('conflict', `identity settings: ${mistakes.join('; ')}`)
    return { domains: domains.map(({ record }) => record), projects, accounts, accessKeys }
  })
}

interface DomainRead {
  readonly settings: DomainSettings
  readonly record: DomainRecord
  readonly projects: readonly ProjectRecord[]
  readonly policies: ReadonlyMap<string, readonly PolicyStatement[]>
}

function readDomain(settings: DomainSettings, naming: Naming, mistakes: string[]): DomainRead {
  const record = { id: naming('domain', '', settings), name: settings.name }
  const projects = (settings.projects ?? []).map(project => ({
    id: naming('project', record.id, project),
    name: project.name,
    domainId: record.id,
    domainName: record.name,
    enabled: project.enabled ?? true,
    description: project.description ?? '',
  }))
  const policies = new Map<string, readonly PolicyStatement[]>()
  for (const { name, document } of settings.policies ?? []) {
    const statements = readPolicy(document)
    if (typeof statements === 'string') mistakes.push(`policy ${name} ${statements}`)
    else if (policies.has(name) || isRoleName(name)) mistakes.push(`policy ${name}: the name is taken`)
    else policies.set(name, statements)
  }
  return { settings, record, projects, policies }
}

interface Around {
  readonly projects: readonly ProjectRecord[]
  readonly naming: Naming
  readonly mistakes: string[]
}

function readUser(settings: UserSettings, home: DomainRead, { projects, naming, mistakes }: Around): Account {
  const id = naming('user', home.record.id, settings)
  const named = new Map<string, Set<string>>()
  for (const [wanted, roles] of Object.entries(settings.roles ?? {})) {
    const project = findProject(wanted, home, projects)
    const unknown = roles.filter(role => !isRoleName(role) && !home.policies.has(role))
    if (!project) mistakes.push(`user ${settings.name}: there is no project ${wanted}`)
    if (unknown.length > 0) mistakes.push(`user ${settings.name}: there is no role ${unknown.join(', ')}`)
    if (project) named.set(project.id, (named.get(project.id) ?? new Set()).union(new Set(roles)))
  }
  const holdings = [...named].filter(([, roles]) => roles.size > 0)
  return {
    user: { id, name: settings.name, domain: home.record, enabled: settings.enabled ?? true },
    password: settings.password,
    holdings: new Map(holdings.map(([projectId, roles]) => [projectId, holdingOf([...roles], home)])),
  }
}

/** Named by id, by `domain/name`, or by its name in the user's own domain. */
function findProject(wanted: string, home: DomainRead, projects: readonly ProjectRecord[]): ProjectRecord | undefined {
  return (
    home.projects.find(project => project.name === wanted) ??
    projects.find(project => project.id === wanted || `${project.domainName}/${project.name}` === wanted)
  )
}

function holdingOf(names: readonly string[], home: DomainRead): Holding {
  const roles: RoleRecord[] = names.map(name => ({
    id: derivedId('role', home.policies.has(name) ? home.record.id : '', name),
    name,
  }))
  return {
    roles,
    systemRoles: names.filter(isRoleName),
    statements: names.flatMap(name => home.policies.get(name) ?? []),
  }
}

function isRoleName(name: string): boolean {
  return (roleNames as readonly string[]).includes(name)
}

/** Answers the id of what is named, and remembers it. */
type Naming = (
  kind: NamedKind,
  parentId: string,
  named: { readonly name: string; readonly id?: string | undefined },
) => string

function openNaming(rows: IdentityRows, mistakes: string[]): Naming {
  const taken = new Set<string>()
  return (kind, parentId, { name, id: given }) => {
    const known = rows.idOf(kind, parentId, name)
    const id = given ?? known ?? derivedId(kind, parentId, name)
    mistakes.push(...namingMistakes(kind, name, given))
    if (known !== undefined && known !== id) mistakes.push(`${kind} ${name} has had the id ${known} so far, not ${id}`)
    for (const mark of [`${kind} ${name}${parentId && ` of domain ${parentId}`}`, `the ${kind} id ${id}`]) {
      if (taken.has(mark)) mistakes.push(`${mark} is there twice`)
      taken.add(mark)
    }
    if (known === undefined && mistakes.length === 0) rows.bind(kind, parentId, name, id)
    return id
  }
}

function namingMistakes(kind: NamedKind, name: string, given: string | undefined): readonly string[] {
  const goodName = name.trim() === name && name !== '' && name.length <= 255 && !/\p{Cc}/u.test(name)
  const goodId = kind === 'project' ? /^[0-9a-f]{32}$/ : /^[A-Za-z0-9_-]{1,64}$/
  return [
    ...(goodName ? [] : [`the ${kind} name ${JSON.stringify(name)} is empty, too long or has odd characters`]),
    // A slash would make `domain/name` ambiguous.
    ...(kind !== 'user' && name.includes('/') ? [`the ${kind} name ${name} has a slash`] : []),
    ...(given === undefined || goodId.test(given) ? [] : [`${kind} ${name}: the id ${given} is malformed`]),
  ]
}

/** The same settings give the same ids on any machine: 32 hex digits. */
function derivedId(kind: string, parentId: string, name: string): string {
  return createHash('sha256').update(`opencbr ${kind}\n${parentId}\n${name}`).digest('hex').slice(0, 32)
}
