import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type FastifyInstance, fastify } from 'fastify'
import { signLikeGo, signLikePython } from '../../test/sign-request.ts'
import { type EmbeddedIdentity, openEmbeddedIdentity } from '../adapters/identity/embedded.ts'
import { silent } from '../adapters/identity/test-accounts.ts'
import { identityRoutes } from './identity-routes.ts'

const alpha = '0605767b5780d5762fc5c0118072a564'
const beta = '075e6035d300d48c2fd0c00b78b71ebf'

let app: FastifyInstance
let identity: EmbeddedIdentity
let root: string

before(async () => {
  identity = await openEmbeddedIdentity({
    file: ':memory:',
    region: 'local-1',
    now: () => new Date(),
    log: silent,
    passwordCost: { memoryKib: 64, passes: 1 },
    settings: {
      domains: [
        {
          name: 'acme',
          projects: [
            { name: 'alpha', id: alpha },
            { name: 'beta', id: beta, description: 'the other one' },
            { name: 'off', enabled: false },
          ],
          users: [
            {
              name: 'alice',
              password: 'alice-secret',
              roles: { alpha: ['CBR FullAccess'] },
              accessKeys: [{ ak: 'AKALICE', sk: 'alice-key' }],
            },
            {
              name: 'bob',
              password: 'bob-secret',
              roles: { alpha: ['member'], beta: ['member'] },
              accessKeys: [{ ak: 'AKBOB', sk: 'bob-key' }],
            },
            { name: 'ada', password: 'ada-secret', roles: { alpha: ['admin'] } },
            { name: 'glance', password: 'glance-secret', roles: { beta: ['service'] } },
          ],
        },
        {
          name: 'other',
          id: 'default',
          projects: [{ name: 'alpha' }],
          users: [{ name: 'olga', password: 'olga-secret', roles: { alpha: ['member'] } }],
        },
      ],
    },
  })
  app = fastify({ routerOptions: { ignoreTrailingSlash: true } })
  await app.register(identityRoutes, { service: identity })
  root = await app.listen({ host: '127.0.0.1', port: 0 })
})

after(async () => {
  await app.close()
  await identity.close()
})

interface Answer {
  readonly status: number
  readonly token: string
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: bodies of all routes; each test says what it reads
  readonly body: any
}

async function call(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Answer> {
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(root + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(sent !== undefined && { body: sent }),
  })
  const text = await response.text()
  return {
    status: response.status,
    token: response.headers.get('x-subject-token') ?? '',
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

const password = (name: string, scope?: unknown, domain: unknown = { name: 'acme' }) => ({
  auth: {
    identity: { methods: ['password'], password: { user: { name, domain, password: `${name}-secret` } } },
    ...(scope !== undefined && { scope }),
  },
})

const logIn = (name: string, scope?: unknown, domain?: unknown) =>
  call('POST', '/identity/v3/auth/tokens', {}, password(name, scope, domain))

const inAlpha = { project: { name: 'alpha', domain: { name: 'acme' } } }

function isRefusal(answer: Answer, status: number): void {
  assert.equal(answer.status, status)
  assert.deepEqual(Object.keys(answer.body.error), ['code', 'message', 'title'])
  assert.equal(answer.body.error.code, status)
}

test('the version documents need no token and name where they were asked', async () => {
  for (const path of ['/identity', '/identity/']) {
    const { status, body } = await call('GET', path)
    assert.equal(status, 300)
    assert.equal(body.versions.values[0].links[0].href, `${root}/identity/v3/`)
  }
  for (const path of ['/identity/v3', '/identity/v3/']) {
    const { status, body } = await call('GET', path)
    assert.equal(status, 200)
    assert.equal(body.version.id, 'v3.14')
    assert.deepEqual(body.version.links, [{ rel: 'self', href: `${root}/identity/v3/` }])
  }
})

test('signing in to a project answers its token, roles and catalog', async () => {
  const { status, token, body, headers } = await logIn('alice', inAlpha)
  assert.equal(status, 201)
  assert.ok(token.length > 100)
  assert.equal(headers.get('vary'), 'X-Auth-Token')
  const { project, user, roles, catalog, methods, issued_at, expires_at, audit_ids, is_domain } = body.token
  assert.equal(project.id, alpha)
  assert.equal(project.name, 'alpha')
  assert.equal(project.domain.name, 'acme')
  assert.equal(user.name, 'alice')
  assert.equal(user.domain.name, 'acme')
  assert.equal(is_domain, false)
  assert.deepEqual(methods, ['password'])
  assert.equal(audit_ids.length, 1)
  assert.equal(roles[0].name, 'CBR FullAccess')
  assert.match(expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  assert.equal(Date.parse(expires_at) - Date.parse(issued_at), 24 * 3600_000)
  const urls = Object.fromEntries(
    catalog.map((service: { type: string; endpoints: readonly Record<string, string>[] }) => {
      assert.deepEqual(
        service.endpoints.map(endpoint => endpoint.interface),
        ['public', 'internal', 'admin'],
      )
      for (const endpoint of service.endpoints) {
        assert.equal(endpoint.region, 'local-1')
        assert.equal(endpoint.region_id, 'local-1')
      }
      return [service.type, service.endpoints[0]?.url]
    }),
  )
  assert.deepEqual(urls, {
    identity: `${root}/identity/v3`,
    cbr: `${root}/v3/${alpha}`,
    image: `${root}/image`,
    volumev3: `${root}/volume/v3/${alpha}`,
    'block-storage': `${root}/volume/v3/${alpha}`,
  })
})

test('every way to name a user and a scope', async () => {
  const home = identity.domains()[0]?.id
  const id = identity.users().find(user => user.name === 'alice')?.id
  const byId = { auth: { identity: { methods: ['password'], password: { user: { id, password: 'alice-secret' } } } } }
  assert.equal((await call('POST', '/identity/v3/auth/tokens', {}, byId)).body.token.project.id, alpha)
  assert.equal((await logIn('alice', { project: { id: alpha } }, { id: home })).body.token.project.id, alpha)
  assert.equal((await logIn('alice', { project: { name: 'alpha' } })).body.token.project.id, alpha)
  const domain = await logIn('alice', { domain: { name: 'acme' } })
  assert.equal(domain.body.token.domain.name, 'acme')
  assert.deepEqual(
    domain.body.token.catalog.map(({ type }: { type: string }) => type),
    ['identity', 'image'],
  )
  for (const scope of ['unscoped', { unscoped: {} }]) {
    const { status, body } = await logIn('alice', scope)
    assert.equal(status, 201)
    assert.equal(body.token.project ?? body.token.domain ?? body.token.catalog ?? body.token.roles, undefined)
  }
  const olga = await logIn('olga', { project: { name: 'alpha', domain: { id: 'default' } } }, { id: 'default' })
  assert.equal(olga.body.token.project.domain.name, 'other')
})

test('the query nocatalog leaves the catalog out', async () => {
  const made = await call('POST', '/identity/v3/auth/tokens?nocatalog', {}, password('alice', inAlpha))
  assert.equal(made.status, 201)
  assert.equal('catalog' in made.body.token, false)
})

test('wrong credentials are 401, and say no more', async () => {
  const refusals = [
    await call(
      'POST',
      '/identity/v3/auth/tokens',
      {},
      {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: 'alice', domain: { name: 'acme' }, password: 'x' } },
          },
        },
      },
    ),
    await logIn('nobody'),
    await logIn('alice', { project: { id: beta } }),
    await logIn('alice', inAlpha, { name: 'nowhere' }),
  ]
  for (const answer of refusals) {
    isRefusal(answer, 401)
    assert.equal(answer.body.error.message, refusals[0]?.body.error.message)
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Keystone uri=/)
  }
})

test('a body that is not a sign-in is 400', async () => {
  const user = { name: 'alice', domain: { name: 'acme' }, password: 'alice-secret' }
  const by = (identity_: unknown, scope?: unknown) => ({ auth: { identity: identity_, scope } })
  const bodies: readonly unknown[] = [
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"auth":\ud800}',
    {},
    { auth: [] },
    by({}),
    by({ methods: [] }),
    by({ methods: ['password', 'token'] }),
    by({ methods: ['totp'] }),
    by({ methods: ['password'] }),
    by({ methods: ['password'], password: { user: { ...user, password: 5 } } }),
    by({ methods: ['password'], password: { user: { ...user, name: {} } } }),
    by({ methods: ['password'], password: { user: { name: 'alice', password: 'alice-secret' } } }),
    by({ methods: ['password'], password: { user: { ...user, domain: {} } } }),
    by({ methods: ['password'], password: { user: { ...user, password: 'x'.repeat(5000) } } }),
    by({ methods: ['token'], token: {} }),
    by({ methods: ['password'], password: { user } }, 'all'),
    by({ methods: ['password'], password: { user } }, {}),
    by({ methods: ['password'], password: { user } }, { project: {} }),
    by({ methods: ['password'], password: { user } }, { project: { name: 'alpha', domain: 'acme' } }),
  ]
  for (const body of bodies) isRefusal(await call('POST', '/identity/v3/auth/tokens', {}, body), 400)
  isRefusal(await call('POST', '/identity/v3/auth/tokens', {}, 'x'.repeat(100_000)), 413)
})

test('any content type is taken for JSON, and a DELETE or GET may claim to have a body', async () => {
  const headers = { 'content-type': 'application/json;charset=utf8' }
  const made = await call('POST', '/identity/v3/auth/tokens', headers, password('alice', inAlpha))
  assert.equal(made.status, 201)
  const text = await call('POST', '/identity/v3/auth/tokens', { 'content-type': 'text/plain' }, password('alice'))
  assert.equal(text.status, 201)
  const own = { 'x-auth-token': made.token, 'x-subject-token': made.token, ...headers }
  assert.equal((await call('DELETE', '/identity/v3/auth/tokens', own)).status, 204)
})

test('a token is validated by its user, by an administrator of the domain, by a service, and by no one else', async () => {
  const { token, body } = await logIn('alice', inAlpha)
  const asked = (by: string) =>
    call('GET', '/identity/v3/auth/tokens', { 'x-auth-token': by, 'x-subject-token': token })
  for (const name of ['alice', 'ada', 'glance']) {
    const answer = await asked((await logIn(name)).token)
    assert.equal(answer.status, 200, name)
    assert.equal(answer.token, token)
    assert.deepEqual(answer.body, body)
  }
  const bob = (await logIn('bob', inAlpha)).token
  isRefusal(await asked(bob), 403)
  isRefusal(await call('DELETE', '/identity/v3/auth/tokens', { 'x-auth-token': bob, 'x-subject-token': token }), 403)
  const olga = (await logIn('olga', undefined, { id: 'default' })).token
  const ada = (await logIn('ada')).token
  isRefusal(await call('GET', '/identity/v3/auth/tokens', { 'x-auth-token': ada, 'x-subject-token': olga }), 403)
  isRefusal(await asked('garbage'), 401)
  isRefusal(await call('GET', '/identity/v3/auth/tokens', { 'x-auth-token': token }), 400)
  isRefusal(await call('GET', '/identity/v3/auth/tokens', { 'x-auth-token': token, 'x-subject-token': 'x' }), 404)
  const head = await fetch(`${root}/identity/v3/auth/tokens`, {
    method: 'HEAD',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  })
  assert.equal(head.status, 200)
})

test('a token that was ended is over, for itself and for who asks about it', async () => {
  const { token } = await logIn('alice', inAlpha)
  const service = (await logIn('glance')).token
  const both = { 'x-auth-token': token, 'x-subject-token': token }
  assert.equal((await call('DELETE', '/identity/v3/auth/tokens', both)).status, 204)
  isRefusal(await call('GET', '/identity/v3/auth/tokens', both), 401)
  isRefusal(await call('GET', '/identity/v3/auth/tokens', { 'x-auth-token': service, 'x-subject-token': token }), 404)
})

test('a token is exchanged for one of another scope', async () => {
  const { token } = await logIn('bob', 'unscoped')
  const auth = { identity: { methods: ['token'], token: { id: token } }, scope: { project: { id: beta } } }
  const { status, body } = await call('POST', '/identity/v3/auth/tokens', {}, { auth })
  assert.equal(status, 201)
  assert.equal(body.token.project.id, beta)
  assert.deepEqual(body.token.methods, ['token', 'password'])
  assert.equal(body.token.audit_ids.length, 2)
})

const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name)

test('projects are listed as far as the caller may see', async () => {
  const seen = async (name: string, query = '', domain?: unknown) => {
    const { token } = await logIn(name, name === 'alice' || name === 'ada' ? inAlpha : undefined, domain)
    const { status, body } = await call('GET', `/identity/v3/projects${query}`, { 'x-auth-token': token })
    assert.equal(status, 200)
    return names(body.projects)
  }
  assert.deepEqual(await seen('alice'), ['alpha'])
  assert.deepEqual(await seen('bob'), ['alpha', 'beta'])
  assert.deepEqual(await seen('ada'), ['alpha', 'beta', 'off'])
  assert.deepEqual(await seen('ada', '?enabled=False'), ['off'])
  assert.deepEqual(await seen('ada', '?enabled=true&name=beta'), ['beta'])
  assert.deepEqual(await seen('glance'), ['alpha', 'beta', 'off', 'alpha'])
  assert.deepEqual(await seen('glance', '?domain_id=default'), ['alpha'])
  assert.deepEqual(await seen('bob', '?name=gamma'), [])
  assert.deepEqual(await seen('bob', '?unknown=1&name=beta'), ['beta'])
  assert.deepEqual(await seen('olga', '', { id: 'default' }), ['alpha'])
})

test('what the caller may not see is not found', async () => {
  const alice = { 'x-auth-token': (await logIn('alice', inAlpha)).token }
  const bob = identity.users().find(user => user.name === 'bob')?.id ?? ''
  assert.equal((await call('GET', `/identity/v3/projects/${alpha}`, alice)).body.project.name, 'alpha')
  for (const path of [
    `projects/${beta}`,
    'projects/x',
    'domains/default',
    `users/${bob}`,
    `users/${bob}/projects`,
    'nothing',
  ]) {
    isRefusal(await call('GET', `/identity/v3/${path}`, alice), 404)
  }
  for (const path of [
    'projects',
    'users',
    'domains',
    'auth/catalog',
    'regions',
    'auth/projects',
    `projects/${alpha}`,
  ]) {
    isRefusal(await call('GET', `/identity/v3/${path}`), 401)
    isRefusal(await call('GET', `/identity/v3/${path}`, { 'x-auth-token': 'x' }), 401)
  }
})

test('the other lists', async () => {
  const { token, body } = await logIn('ada', inAlpha)
  const as = { 'x-auth-token': token }
  const get = async (path: string) => (await call('GET', `/identity/v3/${path}`, as)).body
  const [user] = (await get('users?name=ada')).users
  assert.equal(user.id, body.token.user.id)
  assert.deepEqual(names((await get('users')).users), ['alice', 'bob', 'ada', 'glance'])
  assert.equal((await get(`users/${user.id}`)).user.name, 'ada')
  assert.deepEqual(names((await get(`users/${user.id}/projects`)).projects), ['alpha'])
  assert.deepEqual(names((await get('domains')).domains), ['acme'])
  assert.deepEqual(names((await get('auth/domains')).domains), ['acme'])
  assert.deepEqual(names((await get('auth/projects')).projects), ['alpha'])
  assert.equal((await get(`domains/${user.domain_id}`)).domain.name, 'acme')
  assert.deepEqual((await get('auth/catalog')).catalog, body.token.catalog)
  assert.equal((await get('regions')).regions[0].id, 'local-1')
  assert.equal((await get('services?type=cbr')).services.length, 1)
  assert.equal((await get('endpoints?interface=public')).endpoints.length, 5)
  const [endpoint] = (await get('endpoints')).endpoints
  assert.equal((await get(`services/${endpoint.service_id}`)).service.type, 'identity')
  assert.equal((await get('regions/local-1')).region.id, 'local-1')
  assert.equal((await get('auth/projects')).links.self, `${root}/identity/v3/auth/projects`)
})

test('an access key asks as its owner; a single project also answers to the name of the region', async () => {
  const get = (path: string, ak: string, sk: string, sign = signLikeGo) => {
    const headers = sign({ method: 'GET', url: root + path, ak, sk, at: new Date() })
    return call('GET', path, headers)
  }
  const byRegion = await get('/identity/v3/projects?name=local-1', 'AKALICE', 'alice-key')
  assert.deepEqual(names(byRegion.body.projects), ['alpha'])
  assert.equal(byRegion.body.projects[0].id, alpha)
  assert.deepEqual((await get('/identity/v3/projects?name=local-1', 'AKBOB', 'bob-key')).body.projects, [])
  assert.deepEqual(names((await get('/identity/v3/projects?name=beta', 'AKBOB', 'bob-key')).body.projects), ['beta'])
  const domains = await get('/identity/v3/auth/domains', 'AKALICE', 'alice-key', signLikePython)
  assert.deepEqual(names(domains.body.domains), ['acme'])
  isRefusal(await get('/identity/v3/auth/domains', 'AKALICE', 'bob-key'), 401)
  const { token } = await logIn('alice', inAlpha)
  const named = await call('GET', '/identity/v3/projects?name=local-1', { 'x-auth-token': token })
  assert.deepEqual(named.body.projects, [])
})
