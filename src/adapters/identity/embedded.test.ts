import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../../ports/fault.ts'
import { identitySuite } from './suite.ts'
import { acme, alice, alpha, beta, bob, byPassword, openDesk, signedIn } from './test-accounts.ts'

const day = 24 * 3600_000

identitySuite('embedded', async () => {
  const desk = await openDesk(acme(alice, bob))
  after(() => desk[Symbol.asyncDispose]())
  const domain = desk.identity.domains()[0] ?? { id: '', name: '' }
  return {
    identity: desk.identity,
    domain,
    alice: { projectId: alpha, projectName: 'alpha', role: 'CBR FullAccess' },
    bob: { projectId: beta, projectName: 'beta', role: 'member' },
    tokenOf: async user => (await signedIn(desk.identity, byPassword(user, `${user}-secret`))).token,
    revoke: token => desk.identity.revoke(token),
  }
})

test('a token lasts a day, or as long as the settings say, and no longer', async () => {
  await using desk = await openDesk(acme(alice))
  const { token, grant } = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  assert.ok(token.length >= 200 && token.length <= 400, String(token.length))
  assert.equal(grant.expiresAt.getTime() - grant.issuedAt.getTime(), day)
  desk.pass(day - 1)
  assert.ok(await desk.identity.callerOfToken(token))
  desk.pass(1)
  assert.equal(await desk.identity.callerOfToken(token), undefined)
  await desk.restart({ ...acme(alice), tokenSeconds: 60 })
  const short = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  desk.pass(60_000)
  assert.equal(await desk.identity.callerOfToken(short.token), undefined)
})

test('tokens and their revocation outlive a restart', async () => {
  await using desk = await openDesk(acme(alice))
  const kept = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  const revoked = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  await desk.identity.revoke(revoked.token)
  const before = await desk.identity.callerOfToken(kept.token)
  await desk.restart(acme(alice))
  assert.deepEqual(await desk.identity.callerOfToken(kept.token), before)
  assert.equal(await desk.identity.callerOfToken(revoked.token), undefined)
})

test('a token ends with the password, the role, the user or the project it stands on', async () => {
  const changes = {
    password: acme({ ...alice, password: 'another' }),
    'no password': acme({ name: 'alice', roles: { alpha: ['CBR FullAccess'] } }),
    role: acme({ ...alice, roles: { beta: ['CBR FullAccess'] } }),
    'disabled user': acme({ ...alice, enabled: false }),
    'no user': acme(bob),
    'disabled project': {
      domains: [{ name: 'acme', projects: [{ name: 'alpha', id: alpha, enabled: false }], users: [alice] }],
    },
  }
  for (const [change, settings] of Object.entries(changes)) {
    await using desk = await openDesk(acme(alice))
    const { token } = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
    await desk.restart(settings)
    assert.equal(await desk.identity.callerOfToken(token), undefined, change)
  }
})

test('an old password does not come back to life with its tokens', async () => {
  await using desk = await openDesk(acme(alice))
  const { token } = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  await desk.restart(acme({ ...alice, password: 'another' }))
  await signedIn(desk.identity, byPassword('alice', 'another'))
  await desk.restart(acme(alice))
  assert.equal(await desk.identity.callerOfToken(token), undefined)
  await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
})

test('a password that has not changed keeps its hash, and the file holds no password', async () => {
  await using desk = await openDesk(acme(alice))
  await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  await desk.identity.close()
  const file = join(desk.folder, 'identity.db')
  const hashIn = () =>
    /\$argon2id\$v=19\$m=64,t=1,p=1\$[^$]+\$[A-Za-z0-9+/]{43}/.exec(readFileSync(file, 'latin1'))?.[0]
  const before = hashIn()
  assert.ok(before)
  await desk.restart(acme(alice))
  await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  await desk.identity.close()
  assert.equal(hashIn(), before)
  assert.equal(readFileSync(file).includes('alice-secret'), false)
  assert.equal(readFileSync(file).includes('secret-of-alice'), false)
  await desk.restart(acme(alice))
})

test('who has changed roles has the new ones with the old token', async () => {
  await using desk = await openDesk(acme(alice))
  const { token } = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  await desk.restart(acme({ ...alice, roles: { alpha: ['CBR ReadOnlyAccess'] } }))
  assert.deepEqual((await desk.identity.callerOfToken(token))?.roles, ['CBR ReadOnlyAccess'])
})

test('custom policies are held where they are given', async () => {
  const document = { Version: '1.1', Statement: [{ Effect: 'Deny', Action: ['cbr:member:*'] }] }
  const settings = acme({ ...alice, roles: { alpha: ['CBR FullAccess', 'no sharing'], beta: ['reader'] } })
  const domains = settings.domains.map(domain => ({ ...domain, policies: [{ name: 'no sharing', document }] }))
  await using desk = await openDesk({ domains })
  const inAlpha = { kind: 'project', project: { id: alpha } } as const
  const { token } = await signedIn(desk.identity, byPassword('alice', 'alice-secret', { scope: inAlpha }))
  const caller = await desk.identity.callerOfToken(token)
  assert.deepEqual(caller?.roles, ['CBR FullAccess'])
  assert.deepEqual(caller?.statements, [{ effect: 'deny', actions: ['cbr:member:*'] }])
  const inBeta = { kind: 'project', project: { name: 'beta' } } as const
  const other = await signedIn(desk.identity, byPassword('alice', 'alice-secret', { scope: inBeta }))
  assert.deepEqual((await desk.identity.callerOfToken(other.token))?.statements, [])
})

test('the key of the tokens is private, and tokens end with it', async () => {
  await using desk = await openDesk(acme(alice))
  const { token } = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  for (const name of ['identity.key', 'identity.db', 'identity.db-wal']) {
    assert.equal(statSync(join(desk.folder, name)).mode & 0o777, 0o600, name)
  }
  await desk.identity.close()
  writeFileSync(join(desk.folder, 'identity.key'), 'not a key')
  await assert.rejects(
    desk.restart(acme(alice)),
    (error: unknown) => error instanceof Fault && error.kind === 'corrupt',
  )
  writeFileSync(join(desk.folder, 'identity.key'), Buffer.alloc(32, 7))
  await desk.restart(acme(alice))
  assert.equal(await desk.identity.callerOfToken(token), undefined)
})

test('a database that is none is a fault in words', async () => {
  await using desk = await openDesk(acme(alice))
  await desk.identity.close()
  writeFileSync(join(desk.folder, 'identity.db'), 'x'.repeat(5000))
  await assert.rejects(
    desk.restart(acme(alice)),
    (error: unknown) => error instanceof Fault && error.kind === 'corrupt',
  )
  writeFileSync(join(desk.folder, 'identity.db'), '')
  await desk.restart(acme(alice))
})

test('a sign-in without scope goes to the only project, and else to none', async () => {
  await using desk = await openDesk(acme({ ...alice, roles: { alpha: ['member'], beta: ['reader'] } }, bob))
  const several = await signedIn(desk.identity, byPassword('alice', 'alice-secret'))
  assert.equal(several.grant.scope.kind, 'none')
  const one = await signedIn(desk.identity, byPassword('bob', 'bob-secret'))
  assert.equal(one.grant.scope.kind === 'project' && one.grant.scope.project.id, beta)
})

test('scopes: a project by id or name, the own domain, none; anything else is denied', async () => {
  await using desk = await openDesk(acme(alice, bob))
  const home = desk.identity.domains()[0]?.id ?? ''
  const scopes = [
    [{ kind: 'project', project: { id: alpha } }, 'project'],
    [{ kind: 'project', project: { name: 'alpha' } }, 'project'],
    [{ kind: 'project', project: { name: 'alpha', domain: { id: home } } }, 'project'],
    [{ kind: 'domain', domain: { name: 'acme' } }, 'domain'],
    [{ kind: 'none' }, 'none'],
    [{ kind: 'project', project: { id: beta } }, undefined],
    [{ kind: 'project', project: { name: 'alpha', domain: { name: 'other' } } }, undefined],
    [{ kind: 'project', project: { name: 'constructor' } }, undefined],
    [{ kind: 'domain', domain: { name: 'other' } }, undefined],
  ] as const
  await Promise.all(
    scopes.map(async ([scope, kind]) => {
      const session = await desk.identity.logIn(byPassword('alice', 'alice-secret', { scope }))
      assert.equal(session === 'denied' ? undefined : session.grant.scope.kind, kind, JSON.stringify(scope))
    }),
  )
})

test('a token makes a token for another scope, of the same age and chain', async () => {
  await using desk = await openDesk(acme(alice))
  const none = { kind: 'none' } as const
  const first = await signedIn(desk.identity, byPassword('alice', 'alice-secret', { scope: none }))
  desk.pass(3600_000)
  const scope = { kind: 'project', project: { id: alpha } } as const
  const request = { by: { method: 'token', token: first.token }, scope, source: '192.0.2.1' } as const
  const second = await signedIn(desk.identity, request)
  assert.deepEqual(second.grant.expiresAt, first.grant.expiresAt)
  assert.deepEqual(second.grant.methods, ['token', 'password'])
  assert.equal(second.grant.auditIds[1], first.grant.auditIds[0])
  await desk.identity.revoke(second.token)
  assert.ok(await desk.identity.callerOfToken(first.token))
  await desk.identity.revoke(first.token)
  assert.equal(await desk.identity.logIn(request), 'denied')
})
