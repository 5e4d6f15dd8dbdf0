import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { alice, bob, NOW, openDesk, putBackup, putVault, refused } from '../../../test/desk.ts'
import { openHouse, projects } from '../../../test/house.ts'
import { signLikeGo } from '../../../test/sign-request.ts'
import { mayCall } from '../../access/may-call.ts'
import type { ProjectRecord } from '../../ports/identity.ts'
import type { ProjectCaller } from '../use-case.ts'
import { showDomain } from './show-domain.ts'

const opened = openHouse()
after(async () => (await opened).close())

test('ListProjects answers the projects of the caller', async () => {
  const house = await opened
  const { status, body } = await house.call('alice', 'GET', '/v3/region-projects')
  assert.equal(status, 200)
  assert.equal(body.projects.length, 1)
  const [{ domain_id, links, ...rest }] = body.projects
  assert.match(domain_id, /^[0-9a-f]{32}$/)
  assert.equal(links.self, `/identity/v3/projects/${projects.alpha}`)
  assert.deepEqual(rest, {
    id: projects.alpha,
    name: 'alpha',
    description: '',
    parent_id: domain_id,
    is_domain: false,
    enabled: true,
  })
  assert.equal(body.links.self, '/identity/v3/auth/projects')
})

test('ListProjects answers who signs as well', async () => {
  const house = await opened
  const url = `${house.url}/v3/region-projects`
  const headers = signLikeGo({ method: 'GET', url, ak: 'AKBOB', sk: 'bob-key', at: new Date() })
  const response = await fetch(url, { headers })
  assert.equal(response.status, 200)
  assert.match(await response.text(), new RegExp(projects.beta))
})

test('ListDomainProjects shows who may share the projects of an account', async () => {
  const house = await opened
  const { status, body } = await house.call('alice', 'GET', '/v3/domain/acme/projects')
  assert.equal(status, 200)
  assert.deepEqual(
    body.projects,
    Object.entries(projects).map(([project_name, project_id]) => ({ project_id, project_name })),
  )
  const missing = await house.call('alice', 'GET', '/v3/domain/no%20such/projects')
  assert.equal(missing.status, 404)
  assert.equal(missing.body.error_code, 'BackupService.6302')
  assert.equal((await house.call('rita', 'GET', '/v3/domain/acme/projects')).status, 403)
})

test('ShowDomain tells who may share whose project it is', async () => {
  const house = await opened
  const { status, body } = await house.call('alice', 'GET', `/v3/domain/${projects.beta}`)
  assert.equal(status, 200)
  const { domain_id, ...rest } = body
  assert.match(domain_id, /^[0-9a-f]{32}$/)
  assert.deepEqual(rest, { project_id: projects.beta, project_name: 'beta', domain_name: 'acme' })
  for (const id of ['f'.repeat(32), 'beta', 'a%2fb']) {
    const missing = await house.call('alice', 'GET', `/v3/domain/${id}`)
    assert.equal(missing.status, 404, id)
    assert.equal(missing.body.error_code, 'BackupService.6302')
  }
})

test('ShowDomain tells who may only read of the own project and of linked ones, and of no other', async () => {
  const house = await opened
  assert.equal((await house.call('rita', 'GET', `/v3/domain/${projects.alpha}`)).status, 200)
  const stranger = await house.call('rita', 'GET', `/v3/domain/${projects.beta}`)
  const nobody = await house.call('rita', 'GET', `/v3/domain/${'f'.repeat(32)}`)
  assert.equal(stranger.status, 404)
  assert.equal(stranger.body.error_msg.replace(projects.beta, ''), nobody.body.error_msg.replace('f'.repeat(32), ''))
})

test('a share, in either direction and in any state, links two projects', async () => {
  await using desk = await openDesk()
  const vault = await putVault(desk)
  const backup = await putBackup(desk, vault.id)
  const project = async (id: string) => [ofAlice, ofBob].find(known => known.id === id)
  const ports = { ...desk.ports, mayCall, identity: { ...desk.ports.identity, project } }
  const asked = (caller: ProjectCaller, id: string) =>
    showDomain(ports, reader(caller), { path: { source_project_id: id }, query: {}, body: undefined })

  await refused('6302', asked(alice, ofBob.id))
  await refused('6302', asked(bob, ofAlice.id))
  const pending = { status: 'pending', createdAt: NOW, chargedBytes: 0 } as const
  await desk.catalog.change(({ members }) =>
    members.insert([{ id: crypto.randomUUID(), backupId: backup.id, destProjectId: bob.projectId, ...pending }]),
  )
  assert.equal((await asked(alice, ofBob.id)).project_name, 'beta')
  assert.deepEqual(await asked(bob, ofAlice.id), {
    project_id: alice.projectId,
    project_name: 'alpha',
    domain_id: 'acme-id',
    domain_name: 'acme',
  })
  await refused('6302', asked(bob, 'f'.repeat(32)))
})

const reader = (caller: ProjectCaller): ProjectCaller => ({ ...caller, roles: ['CBR ReadOnlyAccess'] })

const known = (id: string, name: string): ProjectRecord => ({
  id,
  name,
  domainId: 'acme-id',
  domainName: 'acme',
  enabled: true,
  description: '',
})
const ofAlice = known(alice.projectId, 'alpha')
const ofBob = known(bob.projectId, 'beta')
