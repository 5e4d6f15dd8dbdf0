// Needs OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, PROJECT_ALPHA, PROJECT_BETA.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../ports/fault.ts'
import { openKeystoneIdentity } from './keystone.ts'
import { identitySuite } from './suite.ts'

/** A Keystone with users `alice` and `bob`, members of the projects `alpha` and `beta`, all of one password. */
const given = (name: string): string => process.env[name] ?? assert.fail(`${name} is not given`)
const authUrl = given('OS_AUTH_URL')
const user = given('OS_USERNAME')
const password = given('OS_PASSWORD')
const project = given('OS_PROJECT_NAME')
const alpha = given('PROJECT_ALPHA')
const beta = given('PROJECT_BETA')
const access = { authUrl, user, password, project, domain: 'Default', now: () => new Date() }
const own = { alice: alpha, bob: beta }

const tokenOf = async (name: 'alice' | 'bob'): Promise<string> => {
  const domain = { id: 'default' }
  const identity = { methods: ['password'], password: { user: { name, domain, password } } }
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope: { project: { id: own[name] } } } }),
  })
  assert.equal(response.status, 201, await response.text())
  return response.headers.get('x-subject-token') ?? ''
}

const revoke = async (token: string): Promise<void> => {
  const headers = { 'x-auth-token': token, 'x-subject-token': token }
  const response = await fetch(`${authUrl}/auth/tokens`, { method: 'DELETE', headers })
  assert.equal(response.status, 204)
}

identitySuite('keystone', async () => ({
  identity: openKeystoneIdentity(access),
  domain: { id: 'default', name: 'Default' },
  alice: { projectId: alpha, projectName: 'alpha', role: 'member' },
  bob: { projectId: beta, projectName: 'beta', role: 'member' },
  tokenOf,
  revoke,
}))

test('keystone: all projects are listed, with their domains', async () => {
  const projects = await openKeystoneIdentity(access).allProjects()
  for (const id of [alpha, beta]) assert.equal(projects.find(one => one.id === id)?.domainName, 'Default')
})

test('keystone: a revocation is heard of when the trust in a token has run out', async () => {
  let at = Date.now()
  const identity = openKeystoneIdentity({ ...access, now: () => new Date(at), trustSeconds: 60 })
  const token = await tokenOf('alice')
  assert.ok(await identity.callerOfToken(token))
  await revoke(token)
  at += 60_000
  assert.equal(await identity.callerOfToken(token), undefined)
})

test('keystone: wrong credentials of the service are a fault, and so is a Keystone that is not there', async () => {
  const isFault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind
  const wrong = openKeystoneIdentity({ ...access, password: 'wrong' })
  await assert.rejects(wrong.callerOfToken(await tokenOf('alice')), isFault('denied'))
  const weak = openKeystoneIdentity({ ...access, user: 'alice', project: 'alpha' })
  await assert.rejects(weak.callerOfToken(await tokenOf('bob')), isFault('denied'))
  const away = openKeystoneIdentity({ ...access, authUrl: 'http://127.0.0.1:9/v3' })
  await assert.rejects(away.callerOfToken(await tokenOf('alice')), isFault('unavailable'))
})
