import { Fault } from '../../ports/fault.ts'
import type { Caller, ProjectRecord } from '../../ports/identity.ts'
import type { DomainRecord } from '../../ports/identity-service.ts'

/** Reads Keystone's JSON. What is not as its API says is a Fault: guessing who somebody is would be worse. */

type Row = Readonly<Record<string, unknown>>

export function readCaller(body: Row): { readonly caller: Caller; readonly expiresAt: number } {
  const token = rowIn(body, 'token')
  const user = rowIn(token, 'user')
  const domain = rowIn(user, 'domain')
  const project = token.project === undefined ? undefined : rowIn(token, 'project')
  const expiresAt = Date.parse(textIn(token, 'expires_at'))
  if (Number.isNaN(expiresAt)) odd('expires_at')
  return {
    expiresAt,
    caller: {
      userId: textIn(user, 'id'),
      userName: textIn(user, 'name'),
      domainId: textIn(domain, 'id'),
      domainName: textIn(domain, 'name'),
      ...(project && { projectId: textIn(project, 'id'), projectName: textIn(project, 'name') }),
      // Roles of another scope (a domain's, the whole cloud's) say nothing about a project.
      roles: project ? rowsIn(token, 'roles').map(role => textIn(asRow(role, 'role'), 'name')) : [],
      statements: [],
      via: 'token',
    },
  }
}

/** The domain's name is not in it. */
export function readProject(value: unknown): ProjectRecord {
  const row = asRow(value, 'project')
  return {
    id: textIn(row, 'id'),
    name: textIn(row, 'name'),
    domainId: textIn(row, 'domain_id'),
    domainName: '',
    enabled: row.enabled === true,
    description: typeof row.description === 'string' ? row.description : '',
  }
}

export function readDomain(value: unknown): DomainRecord {
  const row = asRow(value, 'domain')
  return { id: textIn(row, 'id'), name: textIn(row, 'name') }
}

/** Empty where there is no such list: the answer to a question about something that is not there. */
export function rowsIn(body: Row, name: string): readonly unknown[] {
  const rows = body[name]
  return Array.isArray(rows) ? rows : []
}

function rowIn(row: Row, name: string): Row {
  return asRow(row[name], name)
}

function asRow(value: unknown, name: string): Row {
  return typeof value === 'object' && value !== null ? (value as Row) : odd(name)
}

function textIn(row: Row, name: string): string {
  const value = row[name]
  return typeof value === 'string' ? value : odd(name)
}

function odd(name: string): never {
  throw new Fault('unavailable', `Keystone's answer has no ${name} as its API describes it`)
}
