import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Identity } from '../../ports/identity.ts'

/** What the suite stands on: two users, each with a role in one project of the same domain. */
export interface IdentityUnderTest {
  readonly identity: Identity
  readonly domain: { readonly id: string; readonly name: string }
  readonly alice: { readonly projectId: string; readonly projectName: string; readonly role: string }
  readonly bob: { readonly projectId: string; readonly projectName: string; readonly role: string }
  /** A fresh token of the user, scoped to the user's project. */
  tokenOf(user: 'alice' | 'bob'): Promise<string>
  /** Ends a token as its user would. */
  revoke(token: string): Promise<void>
}

/** The promises of `src/ports/identity.ts`, kept by every adapter. */
export function identitySuite(name: string, open: () => Promise<IdentityUnderTest>): void {
  const opened = open()
  const each = (what: string, check: (under: IdentityUnderTest) => Promise<void>) =>
    test(`${name}: ${what}`, async () => check(await opened))

  each('a token stands for its user, project and roles', async ({ identity, domain, alice, tokenOf }) => {
    const caller = await identity.callerOfToken(await tokenOf('alice'))
    assert.equal(caller?.userName, 'alice')
    assert.equal(caller.projectId, alice.projectId)
    assert.equal(caller.projectName, alice.projectName)
    assert.equal(caller.domainId, domain.id)
    assert.equal(caller.domainName, domain.name)
    assert.equal(caller.via, 'token')
    assert.ok(caller.roles.includes(alice.role))
    assert.match(caller.userId, /^[0-9a-f]{32}$/)
  })

  each('the same token gives the same caller again', async ({ identity, tokenOf }) => {
    const token = await tokenOf('bob')
    assert.deepEqual(await identity.callerOfToken(token), await identity.callerOfToken(token))
  })

  each('what is no token has no caller', async ({ identity, tokenOf }) => {
    const token = await tokenOf('alice')
    const flipped = token.slice(0, 20) + (token[20] === 'A' ? 'B' : 'A') + token.slice(21)
    for (const garbage of ['', 'x', flipped, token.slice(0, -8), `${token} `, 'ä'.repeat(10), 'A'.repeat(100_000)]) {
      assert.equal(await identity.callerOfToken(garbage), undefined, garbage.slice(0, 30))
    }
  })

  each('a revoked token has no caller', async ({ identity, tokenOf, revoke }) => {
    const token = await tokenOf('alice')
    await revoke(token)
    assert.equal(await identity.callerOfToken(token), undefined)
  })

  each('unknown projects are told in the order asked', async ({ identity, alice, bob }) => {
    const [one, two] = ['f'.repeat(32), '0'.repeat(32)]
    assert.deepEqual(await identity.unknownProjects([]), [])
    assert.deepEqual(await identity.unknownProjects([alice.projectId, bob.projectId]), [])
    assert.deepEqual(await identity.unknownProjects([one, alice.projectId, two, one]), [one, two, one])
    const hostile = ['', '../users', '..', 'a/b', `${alice.projectId}/`, `${alice.projectId}?x=1`, '\n', 'ä', '%00']
    assert.deepEqual(await identity.unknownProjects(hostile), hostile)
  })

  each('a project is found by id, and by nothing else', async ({ identity, domain, alice }) => {
    const project = await identity.project(alice.projectId)
    assert.equal(project?.name, alice.projectName)
    assert.equal(project.domainId, domain.id)
    assert.equal(project.domainName, domain.name)
    assert.equal(project.enabled, true)
    for (const id of ['', alice.projectName, alice.projectId.slice(1), '../projects', 'f'.repeat(32)]) {
      assert.equal(await identity.project(id), undefined, id)
    }
  })

  each('a domain lists its projects, by id and by name', async ({ identity, domain, alice, bob }) => {
    for (const named of [{ id: domain.id }, { name: domain.name }]) {
      const ids = (await identity.projectsOfDomain(named))?.map(({ id }) => id) ?? []
      assert.ok(ids.includes(alice.projectId) && ids.includes(bob.projectId))
    }
    assert.equal(await identity.projectsOfDomain({ id: 'no-such-domain' }), undefined)
    assert.equal(await identity.projectsOfDomain({ name: 'no such domain & more' }), undefined)
  })

  each('a user has the projects of the roles', async ({ identity, bob, tokenOf }) => {
    const caller = await identity.callerOfToken(await tokenOf('bob'))
    const projects = await identity.projectsOfUser(caller?.userId ?? '')
    assert.deepEqual(
      projects.map(({ id }) => id),
      [bob.projectId],
    )
    assert.deepEqual(await identity.projectsOfUser('f'.repeat(32)), [])
    assert.deepEqual(await identity.projectsOfUser('../projects'), [])
  })

  each('a request that is not signed has no caller', async ({ identity, alice }) => {
    const request = { method: 'GET', rawPath: '/v3', rawQuery: '', headers: {}, body: new Uint8Array(0) }
    assert.equal(await identity.callerOfSignature(request, alice.projectId), undefined)
    const authorization = 'SDK-HMAC-SHA256 Access=x, SignedHeaders=x-sdk-date, Signature=00'
    assert.equal(await identity.callerOfSignature({ ...request, headers: { authorization } }, undefined), undefined)
  })
}
