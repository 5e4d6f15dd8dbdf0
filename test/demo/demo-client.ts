/** A person at the service's front door: signs in, calls, and follows what takes longer than a call. */
import type { Screen } from './demo-screen.ts'

/** Something is not as the contract, or the demo, says it must be. */
export class Mismatch extends Error {}

// biome-ignore lint/suspicious/noExplicitAny: answers of a dozen operations; each use says what it reads
export type Body = any

export interface Person {
  readonly name: string
  readonly projectId: string
  /** `{project_id}` is the person's own. A Mismatch when the answer has another status. */
  call(method: string, path: string, expected: number, body?: object): Promise<Body>
  /** The task of a checkpoint, once it has succeeded; its bar on the screen follows the progress it reports. */
  task(title: string, find: string, bytes: number): Promise<Body>
  /** Asks until `ended` says so; shown as one request. A Mismatch when it takes longer than a minute. */
  until(path: string, ended: (body: Body) => boolean): Promise<Body>
  /** A body that is streamed. */
  download(path: string): Promise<ReadableStream<Uint8Array>>
}

const pollMilliseconds = 100
const mostSeconds = 60

interface Asked {
  readonly status: number
  readonly body: Body
  readonly milliseconds: number
}

export async function signIn(
  url: string,
  account: { readonly name: string; readonly password: string; readonly project: string },
  screen: Screen,
): Promise<Person> {
  const { name, password, project } = account
  const begun = performance.now()
  const domain = { name: 'acme' }
  const response = await send(
    `${url}/identity/v3/auth/tokens`,
    'POST',
    {},
    {
      auth: {
        identity: { methods: ['password'], password: { user: { name, domain, password } } },
        scope: { project: { name: project, domain } },
      },
    },
  )
  const milliseconds = performance.now() - begun
  screen.request({
    person: name,
    method: 'POST',
    path: '/identity/v3/auth/tokens',
    status: response.status,
    milliseconds,
  })
  const token = response.headers.get('x-subject-token')
  const body: Body = await response.json()
  if (response.status !== 201 || token === null) throw new Mismatch(`${name} cannot sign in: ${JSON.stringify(body)}`)
  return personWith({ name, token, url, projectId: body.token.project.id, screen })
}

interface Session {
  readonly name: string
  readonly token: string
  readonly url: string
  readonly projectId: string
  readonly screen: Screen
}

function personWith({ name, token, url, projectId, screen }: Session): Person {
  const headers = { 'x-auth-token': token }
  const own = (path: string): string => path.replace('{project_id}', projectId)
  const ask = async (method: string, path: string, body?: object): Promise<Asked> => {
    const begun = performance.now()
    const response = await send(url + path, method, headers, body)
    const text = await response.text()
    const milliseconds = performance.now() - begun
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), milliseconds }
  }
  const show = (method: string, path: string, { status, milliseconds }: Asked, aside?: string): void =>
    screen.request({ person: name, method, path, status, milliseconds, ...(aside && { aside }) })
  const follow = async (path: string, look: (body: Body) => boolean): Promise<Body> => {
    for (let times = 1; times <= (mostSeconds * 1000) / pollMilliseconds; times += 1) {
      const asked = await ask('GET', path)
      expect(asked, 200, `GET ${path}`)
      if (look(asked.body)) {
        show('GET', path, asked, times > 1 ? `followed ${times} times` : undefined)
        return asked.body
      }
      await new Promise(resolve => setTimeout(resolve, pollMilliseconds))
    }
    throw new Mismatch(`GET ${path} shows no end within ${mostSeconds} s`)
  }

  return {
    name,
    projectId,
    async call(method, path, expected, body) {
      const asked = await ask(method, own(path), body)
      const code: string | undefined = asked.body?.error_code
      show(method, own(path), asked, code && `${code}: ${asked.body.error_msg}`)
      expect(asked, expected, `${method} ${own(path)}`)
      return asked.body
    },
    until: (path, ended) => follow(own(path), ended),
    async task(title, find, bytes) {
      const { operation_logs: found } = (await ask('GET', own(find))).body
      const id: string | undefined = found?.[0]?.id
      if (id === undefined) throw new Mismatch(`there is no task at ${find}`)
      const begun = performance.now()
      const bar = (percent: number): void => {
        const seconds = (performance.now() - begun) / 1000
        screen.bar(
          title,
          percent,
          `${((bytes / 1024 ** 2) * (percent / 100)).toFixed(0)} MiB in ${seconds.toFixed(1)} s`,
        )
      }
      const { operation_log: log } = await follow(own(`/v3/{project_id}/operation-logs/${id}`), body => {
        const { status, extra_info: extra } = body.operation_log
        const ended = status !== 'waiting' && status !== 'running'
        bar(ended ? 100 : Math.min(extra.common.progress, 99))
        return ended
      })
      if (log.status !== 'success') throw new Mismatch(`the task failed: ${JSON.stringify(log.error_info)}`)
      return log
    },
    async download(path) {
      const begun = performance.now()
      const response = await send(url + own(path), 'GET', headers)
      const asked = { status: response.status, body: undefined, milliseconds: performance.now() - begun }
      show('GET', own(path), asked, 'streamed')
      expect(asked, 200, `GET ${path}`)
      if (response.body === null) throw new Mismatch(`GET ${path} has no body`)
      return response.body
    },
  }
}

function send(url: string, method: string, headers: Record<string, string>, body?: object): Promise<Response> {
  return fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
}

function expect({ status, body }: Asked, wanted: number, what: string): void {
  if (status !== wanted) throw new Mismatch(`${what} answered ${status}, not ${wanted}: ${JSON.stringify(body)}`)
}
