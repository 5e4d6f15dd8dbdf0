import { Fault } from '../../ports/fault.ts'

/** The user of this service in a Keystone: it needs the role `service` to check tokens and `admin` to look up projects. */
export interface KeystoneAccess {
  /** Ends in `/v3`. */
  readonly authUrl: string
  readonly user: string
  readonly password: string
  readonly project: string
  /** Name of the domain of the user and the project. */
  readonly domain: string
}

interface KeystoneAnswer {
  readonly status: number
  /** What came as JSON; an empty object for anything else. */
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * A GET below the auth URL with the service's own token, got at the first call and anew when Keystone no longer takes
 * it. Answers what Keystone answers, 404 included. Faults: `unavailable` when it does not answer or fails, `denied`
 * when it does not take the service's password or refuses it the right.
 */
export type KeystoneGet = (path: string, headers?: Readonly<Record<string, string>>) => Promise<KeystoneAnswer>

const patienceMs = 10_000

export function openKeystone(access: KeystoneAccess): KeystoneGet {
  let token: Promise<string> | undefined
  const freshToken = (): Promise<string> => {
    const made = logIn(access)
    token = made
    // The next call tries again; this one's caller is told.
    made.catch(() => {
      if (token === made) token = undefined
    })
    return made
  }
  return async (path, headers = {}) => {
    const get = async (used: string) =>
      answerTo(await ask(access.authUrl + path, { headers: { ...headers, 'x-auth-token': used } }))
    const used = token ?? freshToken()
    const first = await get(await used)
    if (first.status !== 401) return checked(first)
    if (token === used) token = undefined
    return checked(await get(await (token ?? freshToken())))
  }
}

async function logIn({ authUrl, user, password, project, domain }: KeystoneAccess): Promise<string> {
  const methods = { methods: ['password'], password: { user: { name: user, password, domain: { name: domain } } } }
  const scope = { project: { name: project, domain: { name: domain } } }
  const response = await ask(`${authUrl}/auth/tokens?nocatalog`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: methods, scope } }),
  })
  await response.body?.cancel()
  const token = response.headers.get('x-subject-token')
  if (response.status === 201 && token) return token
  if (response.status >= 500) throw new Fault('unavailable', `Keystone answers ${response.status} to a sign-in`)
  throw new Fault('denied', `Keystone does not sign ${user} in to project ${project} (${response.status})`)
}

async function ask(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(patienceMs) })
  } catch (error) {
    throw new Fault('unavailable', 'Keystone does not answer', { cause: error })
  }
}

async function answerTo(response: Response): Promise<KeystoneAnswer> {
  const text = await response.text().catch((error: unknown) => {
    throw new Fault('unavailable', 'Keystone broke off its answer', { cause: error })
  })
  return { status: response.status, body: readObject(text) }
}

function readObject(text: string): KeystoneAnswer['body'] {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text) as KeystoneAnswer['body']
  } catch (error) {
    throw new Fault('unavailable', 'Keystone answers with broken JSON', { cause: error })
  }
}

function checked(answer: KeystoneAnswer): KeystoneAnswer {
  const { status } = answer
  if (status === 200 || status === 404) return answer
  if (status === 401 || status === 403) {
    throw new Fault('denied', `Keystone refuses the service's user what it needs (${status})`)
  }
  throw new Fault('unavailable', `Keystone answers ${status}`)
}
