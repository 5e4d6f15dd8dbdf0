/** Requests to another installation, as the user that the operator has there for this one. */
import { type ErrorCode, errors, Refusal } from '../../contract/errors.ts'
import { Fault } from '../../ports/fault.ts'

export interface PeerAccess {
  readonly region: string
  /** Without a slash at its end. */
  readonly url: string
  /** Where the user signs in; ends in `/v3`. */
  readonly authUrl: string
  readonly user: string
  readonly password: string
  /** Name of the user's domain. */
  readonly domain: string
}

export interface PeerRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Behind the URL. */
  readonly path: string
  readonly body?: Uint8Array | string
  /** Milliseconds until the answer has to be there. */
  readonly patience?: number
  /** Bytes of the largest answer that is read. */
  readonly most?: number
}

/**
 * The body of a good answer. What the other side refuses is a Refusal, of its code; Faults: `conflict` (409, passing),
 * `denied` where it does not take the user or forbids it, else `unavailable`.
 */
export type PeerClient = (projectId: string, request: PeerRequest) => Promise<Buffer>

const USUAL_PATIENCE_MS = 30_000
const MOST_ANSWER = 4 * 2 ** 20

export function openPeerClient(access: PeerAccess): PeerClient {
  const tokens = new Map<string, Promise<string>>()
  const tokenFor = (projectId: string, old?: Promise<string>): Promise<string> => {
    const known = tokens.get(projectId)
    if (known !== undefined && known !== old) return known
    const made = signIn(access, projectId)
    tokens.set(projectId, made)
    made.catch(() => tokens.get(projectId) === made && tokens.delete(projectId))
    return made
  }
  return async (projectId, request) => {
    const used = tokenFor(projectId)
    const first = await send(access, request, await used)
    const answer = first.status === 401 ? await send(access, request, await tokenFor(projectId, used)) : first
    if (answer.status >= 200 && answer.status < 300) return answer.body
    throw refusalIn(access, answer)
  }
}

interface Answer {
  readonly status: number
  readonly body: Buffer
}

async function send(access: PeerAccess, request: PeerRequest, token: string): Promise<Answer> {
  const { method, path, body } = request
  const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
  const response = await ask(access, access.url + path, {
    method,
    headers: { 'x-auth-token': token, 'content-type': type },
    // Another view of the same bytes: what fetch takes is not shared memory.
    ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    signal: AbortSignal.timeout(request.patience ?? USUAL_PATIENCE_MS),
  })
  return { status: response.status, body: await read(access, response, request.most ?? MOST_ANSWER) }
}

async function ask({ region }: PeerAccess, url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, redirect: 'error' })
  } catch (error) {
    throw new Fault('unavailable', `region ${region} does not answer`, { cause: error })
  }
}

/** At most so many bytes: an answer without an end must not fill the memory. */
async function read({ region }: PeerAccess, response: Response, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of response.body ?? []) {
      length += part.length
      if (length > most) throw new Fault('unavailable', `region ${region} answers more than ${most} bytes`)
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('unavailable', `region ${region} broke off its answer`, { cause: error })
  }
  return Buffer.concat(parts)
}

function refusalIn({ region }: PeerAccess, { status, body }: Answer): Error {
  if (status === 409) return new Fault('conflict', `region ${region} has given the upload up`, { permanent: false })
  if (status === 401 || status === 403) return new Fault('denied', `region ${region} refuses this one (${status})`)
  const code = codeIn(body)
  if (status < 500 && code !== undefined) return new Refusal(code, { region })
  return new Fault('unavailable', `region ${region} answers ${status}`)
}

function codeIn(body: Buffer): ErrorCode | undefined {
  const code = /"error_code":"BackupService\.(\d{4})"/.exec(body.toString('utf8'))?.[1]
  return code !== undefined && Object.hasOwn(errors, code) ? (code as ErrorCode) : undefined
}

async function signIn(access: PeerAccess, projectId: string): Promise<string> {
  const { user: name, password, region } = access
  const user = { name, password, domain: { name: access.domain } }
  const identity = { methods: ['password'], password: { user } }
  const response = await ask(access, `${access.authUrl}/auth/tokens?nocatalog`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope: { project: { id: projectId } } } }),
    signal: AbortSignal.timeout(USUAL_PATIENCE_MS),
  })
  await response.body?.cancel()
  const token = response.headers.get('x-subject-token')
  if (response.status === 201 && token) return token
  if (response.status >= 500) throw new Fault('unavailable', `region ${region} answers ${response.status} to a sign-in`)
  throw new Fault('denied', `region ${region} does not sign ${name} in to project ${projectId} (${response.status})`)
}
