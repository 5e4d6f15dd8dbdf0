import type { DomainName, LogIn, NameInDomain, WantedScope } from '../ports/identity-service.ts'
import { refuseIdentity } from './identity-refusal.ts'

/**
 * The body of `POST /identity/v3/auth/tokens`: methods `password` or `token`; scope a project (by id, or name and domain;
 * without a domain the user's own), a domain, `unscoped`, or absent. Everything else is 400, and names what is wrong.
 */
export function readLogIn(raw: Uint8Array, source: string): LogIn {
  const auth = objectIn(parsed(raw), 'auth', 'request body')
  const scope = readScope(auth.scope)
  return { by: readMethod(objectIn(auth, 'identity', 'auth')), ...(scope && { scope }), source }
}

type Fields = Readonly<Record<string, unknown>>

function parsed(raw: Uint8Array): Fields {
  try {
    const body: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
    return isObject(body) ? body : refuseIdentity(400, 'The request body is not a JSON object.')
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) refuseIdentity(400, 'The request body is not JSON.')
    throw error
  }
}

function readMethod(identity: Fields): LogIn['by'] {
  const methods = identity.methods
  if (!Array.isArray(methods) || methods.length !== 1) {
    refuseIdentity(400, 'Expecting exactly one of the methods password and token in identity.')
  }
  const method: unknown = methods[0]
  if (method === 'token') return { method, token: textIn(objectIn(identity, 'token', 'identity'), 'id', 'token') }
  if (method !== 'password') refuseIdentity(400, 'The method has to be password or token.')
  const user = objectIn(objectIn(identity, 'password', 'identity'), 'user', 'password')
  const named = readNamed(user, 'user')
  if ('name' in named && !named.domain) refuseIdentity(400, 'Expecting to find domain in user.')
  return { method, user: named, password: textIn(user, 'password', 'user', 4096) }
}

/** Keystone takes both `"scope": "unscoped"` and `"scope": {"unscoped": {}}`. */
function readScope(scope: unknown): WantedScope | undefined {
  if (scope === undefined || scope === null) return undefined
  if (scope === 'unscoped') return { kind: 'none' }
  if (!isObject(scope)) refuseIdentity(400, 'The scope is not an object.')
  if ('project' in scope) return { kind: 'project', project: readNamed(objectIn(scope, 'project', 'scope'), 'project') }
  if ('domain' in scope) return { kind: 'domain', domain: readDomain(objectIn(scope, 'domain', 'scope')) }
  if ('unscoped' in scope) return { kind: 'none' }
  refuseIdentity(400, 'Expecting to find project, domain or unscoped in scope.')
}

function readNamed(named: Fields, what: string): NameInDomain {
  if (named.id !== undefined) return { id: textIn(named, 'id', what) }
  const name = textIn(named, 'name', what)
  return named.domain === undefined ? { name } : { name, domain: readDomain(objectIn(named, 'domain', what)) }
}

function readDomain(domain: Fields): DomainName {
  return domain.id === undefined ? { name: textIn(domain, 'name', 'domain') } : { id: textIn(domain, 'id', 'domain') }
}

function objectIn(fields: Fields, name: string, where: string): Fields {
  const value = fields[name]
  return isObject(value) ? value : refuseIdentity(400, `Expecting to find ${name} in ${where}.`)
}

function textIn(fields: Fields, name: string, where: string, longest = 2048): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.length > longest) refuseIdentity(400, `Expecting to find ${name} in ${where}.`)
  return value
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
