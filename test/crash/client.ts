/** One person at the service's front door, signed in. Answers are what came over the wire, unless the process died. */
export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of thirty operations; each use says what it reads
  readonly body: any
}

export class Gone extends Error {}

export interface Client {
  readonly projectId: string
  call(method: string, path: string, body?: object): Promise<Answer>
}

export async function signIn(url: string, user: string, project: string): Promise<Client> {
  const identity = {
    methods: ['password'],
    password: { user: { name: user, domain: { name: 'acme' }, password: `${user}-secret` } },
  }
  const scope = { project: { name: project, domain: { name: 'acme' } } }
  const response = await reach(`${url}/identity/v3/auth/tokens`, 'POST', {}, { auth: { identity, scope } })
  const token = response.headers.get('x-subject-token')
  if (response.status !== 201 || !token)
    throw new Error(`no token for ${user}: ${response.status} ${await response.text()}`)
  const { token: details } = (await response.json()) as { token: { project: { id: string } } }
  const projectId = details.project.id
  return {
    projectId,
    call: async (method, path, body) => {
      const answer = await reach(url + path.replace('{project_id}', projectId), method, { 'x-auth-token': token }, body)
      const text = await answer.text().catch(cause => Promise.reject(new Gone('the answer broke off', { cause })))
      return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
    },
  }
}

async function reach(url: string, method: string, headers: Record<string, string>, body?: object): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: { ...headers, 'content-type': 'application/json', connection: 'close' },
      ...(body && { body: JSON.stringify(body) }),
    })
  } catch (cause) {
    throw new Gone(`${method} ${url} was not answered`, { cause })
  }
}
