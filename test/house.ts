/**
 * A whole house for a test: real adapters on a fresh temporary folder, real HTTP on a free port of 127.0.0.1, people who
 * are signed in as soon as they call. `await using house = await openHouse()` closes it and removes the folder.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type House } from '../src/compose.ts'
import { type Config, loadConfig } from '../src/config.ts'
import type { Now } from '../src/ports/now.ts'

export const projects = {
  alpha: '0605767b5780d5762fc5c0118072a564',
  beta: '075e6035d300d48c2fd0c00b78b71ebf',
  gamma: '0c3f6a1d52b84e7f9a60d2b7c81e4f35',
} as const

/** Each person's project; the password is the name and `-secret`. */
export const people = {
  alice: { project: 'alpha', role: 'CBR FullAccess' },
  bob: { project: 'beta', role: 'CBR FullAccess' },
  carol: { project: 'gamma', role: 'CBR FullAccess' },
  rita: { project: 'alpha', role: 'CBR ReadOnlyAccess' },
} as const

export type Person = keyof typeof people

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of all operations; each test says what it reads
  readonly body: any
  readonly headers: Headers
}

export interface TestHouse extends House, AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly folder: string
  readonly config: Config
  /** Of the server db-01 in alpha: its system disk and its data disk. */
  readonly diskFiles: readonly [string, string]
  /** `{project_id}` in the path is the person's own project. A string or bytes as body go out as they are. */
  call(person: Person, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  tokenOf(person: Person): Promise<string>
  /** The operation log once it has ended in one way or another. */
  ended(person: Person, operationLogId: string): Promise<Answer['body']>
}

export interface HouseOptions {
  readonly now?: Now
  /** Of each of db-01's disks. */
  readonly diskBytes?: number
  /** Keys over the usual configuration. */
  readonly environment?: Readonly<Record<string, string>>
  /** Roles that people have in projects besides their own. */
  readonly more?: { readonly roles: Partial<Readonly<Record<Person, Readonly<Record<string, readonly string[]>>>>> }
}

export async function openHouse(options: HouseOptions = {}): Promise<TestHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-house-'))
  const diskFiles = [join(folder, 'db-01-root.raw'), join(folder, 'db-01-data.raw')] as const
  for (const file of diskFiles) await makeDisk(file, options.diskBytes ?? 2 * 2 ** 20)
  const config = loadConfig({
    environment: { ...usual(diskFiles, options.more?.roles), ...options.environment },
    workingFolder: folder,
  })
  const house = await compose(config, {
    ...(options.now && { now: options.now }),
    // Every person signs in anew in every house; what a guess costs is tested where passwords are.
    passwordCost: { memoryKib: 64, passes: 1 },
  })
  if (!house.server) throw new Error('a house for tests has a server')
  const url = await house.server.listen({ host: '127.0.0.1', port: 0 })
  const callers = signedIn(url)
  const close = async () => {
    await house.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { ...house, ...callers, url, folder, config, diskFiles, close, [Symbol.asyncDispose]: close }
}

const usual = ([root, data]: readonly [string, string], more: Parameters<typeof acme>[0]) => ({
  OPENCBR_LISTEN: '127.0.0.1:0',
  OPENCBR_DATA_DIR: 'data',
  OPENCBR_LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
  OPENCBR_IDENTITY_EMBEDDED_DOMAINS: JSON.stringify([acme(more)]),
  OPENCBR_RESOURCES_LOCAL_DISKS: JSON.stringify([
    { project: 'alpha', name: 'db-01-root', path: root, format: 'raw' },
    { project: 'alpha', name: 'db-01-data', path: data, format: 'raw' },
  ]),
  OPENCBR_RESOURCES_LOCAL_SERVERS: JSON.stringify([
    { project: 'alpha', name: 'db-01', disks: ['db-01-root', 'db-01-data'] },
  ]),
})

/** The domain of all people and projects, as a configuration has it. */
export const acme = (more: NonNullable<HouseOptions['more']>['roles'] = {}) => ({
  name: 'acme',
  projects: Object.entries(projects).map(([name, id]) => ({ name, id })),
  users: Object.entries(people).map(([name, { project, role }]) => ({
    name,
    password: `${name}-secret`,
    roles: { [project]: [role], ...more[name as Person] },
    accessKeys: [{ ak: `AK${name.toUpperCase()}`, sk: `${name}-key` }],
  })),
})

/** Random bytes in every other 64 KiB, holes between them. */
async function makeDisk(file: string, bytes: number): Promise<void> {
  const block = 64 * 1024
  await using handle = await open(file, 'w')
  await handle.truncate(bytes)
  for (let at = 0; at + block <= bytes; at += 2 * block) await handle.write(randomBytes(block), 0, block, at)
}

function signedIn(url: string): Pick<TestHouse, 'call' | 'tokenOf' | 'ended'> {
  const tokens = new Map<Person, Promise<string>>()
  const tokenOf = (person: Person) => {
    const token = tokens.get(person) ?? signIn(url, person)
    tokens.set(person, token)
    return token
  }
  const call: TestHouse['call'] = async (person, method, path, body, headers) => {
    const project = projects[people[person].project]
    const response = await fetch(url + path.replace('{project_id}', project), {
      method,
      headers: { 'x-auth-token': await tokenOf(person), 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: payload(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : readable(text), headers: response.headers }
  }
  const ended: TestHouse['ended'] = async (person, id) => {
    for (let tries = 0; tries < 600; tries += 1) {
      const { body } = await call(person, 'GET', `/v3/{project_id}/operation-logs/${id}`)
      if (!['waiting', 'running'].includes(body.operation_log?.status)) return body.operation_log ?? body
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`the operation ${id} has not ended within 30 s`)
  }
  return { call, tokenOf, ended }
}

const payload = (body: unknown): string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' ? body : body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)

function readable(text: string): unknown {
  return /^\s*[[{"]/.test(text) ? JSON.parse(text) : text
}

/** A token for the person's project, from any service that knows `acme`. */
export async function signIn(url: string, person: Person): Promise<string> {
  const domain = { name: 'acme' }
  const response = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: person, domain, password: `${person}-secret` } } },
        scope: { project: { name: people[person].project, domain } },
      },
    }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`${person} gets no token: ${response.status} ${await response.text()}`)
  return token
}
