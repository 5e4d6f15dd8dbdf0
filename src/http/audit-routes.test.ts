/** Who may read what of the audit trail, over HTTP. What is written into it is server.test.ts's. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openHouse, projects, type TestHouse } from '../../test/house.ts'

const TRAIL = '/opencbr/v1/{project_id}/audits'
const VAULTS = '/v3/{project_id}/vaults'
const vault = {
  vault: { name: 'v', billing: { object_type: 'disk', protect_type: 'backup', size: 10 }, resources: [] },
}

let house: TestHouse
let vaultId: string
before(async () => {
  house = await openHouse()
  vaultId = (await house.call('alice', 'POST', VAULTS, vault)).body.vault.id
  await house.call('alice', 'PUT', `${VAULTS}/${vaultId}`, { vault: { name: 'w' } })
  await house.call('alice', 'POST', VAULTS, '{')
  await house.call('bob', 'POST', VAULTS, vault)
})
after(() => house.close())

const list = async (query = '', person: 'alice' | 'bob' = 'alice') => {
  const { status, body } = await house.call(person, 'GET', TRAIL + query)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

test('a project reads what was done in it and what was refused, newest first', async () => {
  const { audits, count } = await list()
  assert.equal(count, 3)
  const { id, created_at, user_id, request_id, ...refused } = audits[0]
  assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/)
  assert.match(request_id, /^req-/)
  assert.ok(id && user_id)
  assert.deepEqual(refused, {
    project_id: projects.alpha,
    user_name: 'alice',
    operation: 'CreateVault',
    source_ip: '127.0.0.1',
    status: 400,
    error_code: 'BackupService.9900',
  })
  const done = audits.slice(1).map((audit: Record<string, string>) => [audit.operation, audit.resource_id])
  assert.deepEqual(done, [
    ['UpdateVault', vaultId],
    ['CreateVault', vaultId],
  ])
  assert.equal((await list('', 'bob')).count, 1)
})

test('by operation and resource, page by page', async () => {
  const operations = async (query: string) =>
    (await list(query)).audits.map(({ operation, status }: Record<string, string>) => `${operation} ${status}`)
  assert.deepEqual(await operations('?operation=CreateVault'), ['CreateVault 400', 'CreateVault 200'])
  assert.deepEqual(await operations(`?resource_id=${vaultId}&operation=UpdateVault`), ['UpdateVault 200'])
  assert.deepEqual(await operations('?operation=createvault'), [])
  const first = await list('?limit=1')
  assert.equal(first.count, 3)
  assert.deepEqual(await operations(`?limit=1&marker=${first.audits[0].id}`), ['UpdateVault 200'])
  assert.deepEqual(await operations('?offset=2'), ['CreateVault 200'])
  const { status, body } = await house.call('alice', 'GET', `${TRAIL}?limit=x`)
  assert.deepEqual([status, body.error_code], [400, 'BackupService.9900'])
})

test('nobody reads the trail of another project, nor without full access that of the own', async () => {
  assert.equal((await house.call('rita', 'GET', TRAIL)).status, 403)
  const foreign = await house.call('bob', 'GET', `/opencbr/v1/${projects.alpha}/audits`)
  assert.equal(foreign.status, 403)
  assert.equal((await fetch(`${house.url}/opencbr/v1/${projects.alpha}/audits`)).status, 401)
})
