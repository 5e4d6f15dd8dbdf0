/** Signing in, as any Keystone v3 has it: OpenCBR's own, or a private cloud's. */
import { ClientFailure, Refused } from './failures.ts'
import { jsonOf, send } from './send.ts'
import type { Project, Session } from './session.ts'

type Named = { readonly id: string } | { readonly name: string }
export type ProjectName = { readonly id: string } | { readonly name: string; readonly domain: Named }

export interface Account {
  readonly authUrl: string
  readonly user: string
  readonly domain: Named
  readonly password: string
}

/** Where to find the service, once it is known who calls. */
export interface Place {
  /** Of OpenCBR, where the catalog does not say it. */
  readonly url?: string | undefined
  readonly region?: string | undefined
}

interface TokenBody {
  readonly token: {
    readonly expires_at: string
    readonly user: { readonly name: string; readonly domain: { readonly name: string } }
    readonly project?: Project
    readonly catalog?: readonly CatalogEntry[]
  }
}

interface CatalogEntry {
  readonly type: string
  readonly endpoints: readonly { readonly interface: string; readonly region_id: string; readonly url: string }[]
}

/** Before it is known for which project. */
export interface SignedIn {
  readonly authUrl: string
  readonly token: string
  readonly body: TokenBody['token']
}

/** The root of OpenCBR, or the URL of a Keystone, with or without its version. */
export function authUrlOf(given: string): string {
  const url = given.replace(/\/+$/, '')
  if (url.endsWith('/v3')) return url
  return URL.canParse(url) && new URL(url).pathname !== '/' ? `${url}/v3` : `${url}/identity/v3`
}

/** Without a project the token is for none yet. */
export function signIn({ authUrl, user, domain, password }: Account, project?: ProjectName): Promise<SignedIn> {
  const identity = { methods: ['password'], password: { user: { name: user, domain, password } } }
  return newToken(authUrl, { identity, ...(project && { scope: { project } }) })
}

/** A token of the same user and the same end, for a project. */
export const changeProject = (authUrl: string, token: string, project: ProjectName): Promise<SignedIn> =>
  newToken(authUrl, { identity: { methods: ['token'], token: { id: token } }, scope: { project } })

/** What a token that comes from elsewhere stands for. */
export async function lookAt(authUrl: string, token: string): Promise<SignedIn> {
  const url = `${authUrl}/auth/tokens`
  const response = await send(url, { headers: { 'x-auth-token': token, 'x-subject-token': token } })
  return { authUrl, token, body: ((await jsonOf(response, url)) as TokenBody).token }
}

/** From now on the token opens nothing. */
export async function endToken({ authUrl, token }: Pick<Session, 'authUrl' | 'token'>): Promise<void> {
  const headers = { 'x-auth-token': token, 'x-subject-token': token }
  await send(`${authUrl}/auth/tokens`, { method: 'DELETE', headers })
}

/** The projects in which the user has a role. */
export async function ownProjects(authUrl: string, token: string): Promise<readonly Project[]> {
  const url = `${authUrl}/auth/projects`
  const body = await jsonOf(await send(url, { headers: { 'x-auth-token': token } }), url)
  return (body as { readonly projects: readonly Project[] }).projects.map(({ id, name }) => ({ id, name }))
}

/** A token for a project as a session. */
export function sessionOf({ authUrl, token, body }: SignedIn, place: Place): Session {
  const { user, project, expires_at: expiresAt } = body
  if (project === undefined) throw new ClientFailure('the token is for no project', { next: 'set OS_PROJECT_NAME' })
  return {
    authUrl,
    url: place.url?.replace(/\/+$/, '') ?? serviceUrl(authUrl, body.catalog ?? [], place.region),
    token,
    expiresAt,
    user: user.name,
    domain: user.domain.name,
    project: { id: project.id, name: project.name },
  }
}

async function newToken(authUrl: string, auth: object): Promise<SignedIn> {
  const url = `${authUrl}/auth/tokens`
  const response = await send(url, { method: 'POST', body: JSON.stringify({ auth }) }).catch(notSignedIn)
  const body = (await jsonOf(response, url)) as Partial<TokenBody> | undefined
  const token = response.headers.get('x-subject-token')
  if (token === null || body?.token === undefined) throw new ClientFailure(`${authUrl} is no identity service`)
  return { authUrl, token, body: body.token }
}

/** Keystone has one answer for all that can be wrong, on purpose. */
function notSignedIn(error: unknown): never {
  if (!(error instanceof Refused) || error.status !== 401) throw error
  const { status, code, requestId } = error
  const message = 'the user, the domain, the password or the project is not right'
  throw new Refused({ status, code, message, requestId, next: 'opencbr login asks for what is not given' })
}

/** As the catalog has it; OpenCBR's own identity service lies below it. */
function serviceUrl(authUrl: string, catalog: readonly CatalogEntry[], region: string | undefined): string {
  const found = catalog
    .filter(({ type }) => type === 'cbr')
    .flatMap(({ endpoints }) => endpoints)
    .find(one => one.interface === 'public' && (region === undefined || one.region_id === region))
  if (found !== undefined) return found.url.replace(/\/v3\/[^/]*\/*$/, '')
  if (authUrl.endsWith('/identity/v3')) return authUrl.slice(0, -'/identity/v3'.length)
  throw new ClientFailure('the catalog of services has no public endpoint of type cbr', {
    next: 'set OPENCBR_URL to where OpenCBR answers',
  })
}
