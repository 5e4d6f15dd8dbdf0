/** Vaults, resources and protectables as a client meets them: over HTTP, with real disks and jobs that run. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openHouse, projects, type TestHouse } from '../house.ts'

let house: TestHouse
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const SERVER = 'OS::Nova::Server'
const VOLUME = 'OS::Cinder::Volume'

const alice = (method: string, path: string, body?: unknown) =>
  house.call('alice', method, `/v3/{project_id}/${path}`, body)

/** The answer's body, which must have come with this status. */
async function ok(status: number, method: string, path: string, body?: unknown) {
  const answer = await alice(method, path, body)
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  return answer.body
}

async function refused(code: string, method: string, path: string, body?: unknown) {
  const answer = await alice(method, path, body)
  assert.equal(answer.body?.error_code, `BackupService.${code}`, JSON.stringify(answer.body))
  return answer.status
}

async function newVault(object_type = 'server', more: object = {}): Promise<string> {
  const billing = { object_type, protect_type: 'backup', consistent_level: 'crash_consistent', size: 100 }
  return (await ok(200, 'POST', 'vaults', { vault: { name: 'vault-1', billing, resources: [], ...more } })).vault.id
}

const server = async () => (await ok(200, 'GET', 'protectables/server/instances?name=db-01')).instances[0]

/** Asks again until the answer passes; jobs run beside the test. */
async function eventually(asked: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await asked()) return
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  throw new Error('it has not come to pass within 5 s')
}

test('a vault is made, shown, listed, changed and summed up', async () => {
  const id = await newVault('server', { description: null, tags: [{ key: 'k' }], enterprise_project_id: 0 })
  const { vault } = await ok(200, 'GET', `vaults/${id}`)
  assert.equal(vault.enterprise_project_id, '0')
  assert.deepEqual(vault.tags, [{ key: 'k', value: '' }])
  const listed = await ok(200, 'GET', 'vaults?limit=100&cloud_type=public&offset=0')
  assert.deepEqual(
    listed.vaults.find((one: { id: string }) => one.id === id),
    vault,
  )
  assert.deepEqual((await ok(200, 'GET', 'vaults?limit=100&offset=100')).vaults, [])
  const renamed = await ok(200, 'PUT', `vaults/${id}`, { vault: { name: 'new', billing: { size: 120 } } })
  assert.deepEqual(renamed.vault, { ...vault, name: 'new', billing: { ...vault.billing, size: 120 } })
  const batch = await ok(200, 'PUT', 'vaults/batch-update', { vault: { threshold: 50 } })
  assert.ok(batch.updated_vaults_id.includes(id))
  const summary = await ok(200, 'GET', 'vaults/summary')
  assert.ok(summary.size >= 120 && summary.used_size === 0)
  const external = `vaults/external?region_id=local-1&external_project_id=${projects.alpha}&object_type=server`
  assert.ok((await ok(200, 'GET', external)).count >= 1)
  const day = { expect_expiration_date: '2099-01-01', time_zone: 'UTC+08:00' }
  const extended = await ok(200, 'PUT', `vaults/${id}/update-backup-expiration-time`, day)
  assert.equal(extended.affected_backups_count, 0)
  const log = await house.ended('alice', extended.operation_log_id)
  assert.deepEqual(log.extra_info.update_expiration_time, { affected_backups_count: 0, expiration_day: '2099-01-01' })
  assert.equal(await ok(204, 'DELETE', `vaults/${id}`), undefined)
  await eventually(async () => (await alice('GET', `vaults/${id}`)).status === 404)
  const logs = await ok(200, 'GET', `operation-logs?operation_type=vault_delete&vault_id=${id}`)
  assert.equal(logs.operation_logs[0].status, 'success')
})

test('a name may be what the contract says, and nothing else', async () => {
  for (const name of ['a', 'Vault_1-2.3', '保险库', 'x'.repeat(64)]) await newVault('disk', { name })
  const billing = { object_type: 'disk', protect_type: 'backup', size: 100 }
  for (const name of ['', 'x'.repeat(65), 'a b', 'a/b', 'a<b', 'é', 7]) {
    const status = await refused('9900', 'POST', 'vaults', { vault: { name, billing, resources: [] } })
    assert.equal(status, 400)
  }
})

test('a missing vault comes before a body that does not fit', async () => {
  const missing = crypto.randomUUID()
  for (const path of [`vaults/${missing}`, 'vaults/vault-1', 'vaults/%00']) {
    assert.equal(await refused('6105', 'GET', path), 404)
    assert.equal(await refused('6105', 'PUT', path, { vault: 7 }), 404)
    assert.equal(await refused('6105', 'DELETE', path), 404)
    assert.equal(await refused('6105', 'POST', `${path}/addresources`, {}), 404)
    assert.equal(await refused('6105', 'POST', `${path}/removeresources`, {}), 404)
    assert.equal(await refused('6105', 'POST', `${path}/migrateresources`, {}), 404)
    assert.equal(await refused('6105', 'PUT', `${path}/set-resources`, {}), 404)
    assert.equal(await refused('6105', 'PUT', `${path}/update-backup-expiration-time`, {}), 404)
  }
  await refused('6116', 'POST', 'vaults', {
    vault: { name: 'v', resources: [], billing: { object_type: 'tape', protect_type: 'backup', size: 100 } },
  })
  await refused('6101', 'POST', 'vaults', {
    vault: { name: 'v', resources: [], billing: { object_type: 'disk', protect_type: 'backup', size: 1 } },
  })
})

test('bodies and queries that do not fit', async () => {
  const id = await newVault()
  const ids = Array.from({ length: 257 }, () => crypto.randomUUID())
  const vault = (given: object, size: unknown = 100) => ({
    vault: { name: 'v', resources: [], billing: { object_type: 'server', protect_type: 'backup', size }, ...given },
  })
  const tag = (key: unknown) => ({ key, value: 'v' })
  const six = Array.from({ length: 6 }, (_, at) => tag(`k${at}`))
  const question = (given: object) => ({ action: 'filter', ...given })
  const bad: readonly (readonly [string, string, unknown?])[] = [
    ['POST', 'vaults', '{'],
    ['POST', 'vaults', {}],
    ['POST', 'vaults', vault({}, 10.5)],
    ['POST', 'vaults', vault({}, '100')],
    ['POST', 'vaults', vault({ threshold: 0 })],
    ['POST', 'vaults', vault({ description: '<b>' })],
    ['POST', 'vaults', vault({ bind_rules: { tags: six } })],
    ['POST', 'vaults', vault({ resources: ids.slice(1).map(one => ({ id: one, type: SERVER })) })],
    ['PUT', `vaults/${id}`, { vault: { threshold: 101 } }],
    ['PUT', 'vaults/batch-update', { vault: {} }],
    ['POST', `vaults/${id}/addresources`, { resources: [] }],
    ['POST', `vaults/${id}/addresources`, { resources: ids.map(one => ({ id: one, type: SERVER })) }],
    ['POST', `vaults/${id}/removeresources`, { resource_ids: [] }],
    ['POST', `vaults/${id}/removeresources`, { resource_ids: ids }],
    ['PUT', `vaults/${id}/set-resources`, { resource_ids: ids.slice(1), action: 'pause' }],
    ['POST', `vaults/${id}/migrateresources`, { resource_ids: [], destination_vault_id: id }],
    ['POST', `vaults/${id}/migrateresources`, { resource_ids: ids.slice(250), destination_vault_id: id }],
    ['PUT', `vaults/${id}/update-backup-expiration-time`, { expect_expiration_date: '2099-02-30' }],
    ['POST', `vault/${id}/tags`, {}],
    ['POST', `vault/${id}/tags`, { tag: tag('a=b') }],
    ['POST', `vault/${id}/tags/action`, { action: 'swap', tags: [] }],
    ['POST', 'vault/resource_instances/action', question({ action: 'list' })],
    ['POST', 'vault/resource_instances/action', question({ limit: '0' })],
    ['POST', 'vault/resource_instances/action', question({ offset: '-1' })],
    ['POST', 'vault/resource_instances/action', question({ matches: [{ key: 'name', value: 'x' }] })],
    ['GET', 'vaults?object_type=tape'],
    ['GET', 'vaults?status=gone'],
    ['GET', 'vaults?limit=0'],
    ['GET', 'vaults/external?region_id=local-1'],
    ['GET', `vaults/external?external_project_id=${projects.alpha}`],
    ['GET', 'protectables/tape/instances'],
    ['GET', `protectables/tape/instances/${id}`],
  ]
  for (const [method, path, body] of bad) assert.equal(await refused('9900', method, path, body), 400)
  await refused('6600', 'POST', 'vaults', vault({ tags: Array.from({ length: 21 }, (_, at) => tag(`k${at}`)) }))
  assert.equal((await ok(200, 'GET', 'vaults?limit=5000')).limit, 1000)
})

test('a reader looks and does not touch; a stranger sees nothing', async () => {
  const id = await newVault()
  const path = `/v3/{project_id}/vaults/${id}`
  assert.equal((await house.call('rita', 'GET', path)).status, 200)
  for (const [method, body] of [
    ['PUT', { vault: { name: 'x' } }],
    ['DELETE', undefined],
  ] as const) {
    assert.equal((await house.call('rita', method, path, body)).status, 403)
    assert.equal((await house.call('bob', method, path, body)).status, 404)
  }
})

test('a server is protected, backed up, moved and let go', async () => {
  const { id: serverId, children, protectable } = await server()
  assert.equal(protectable.result, true)
  const id = await newVault()
  const extra_info = { exclude_volumes: [children[1].id] }
  const added = await ok(200, 'POST', `vaults/${id}/addresources`, {
    resources: [{ id: serverId, type: SERVER, extra_info }],
  })
  assert.deepEqual(added, { add_resource_ids: [serverId] })
  const now = (await server()).protectable
  assert.deepEqual([now.result, now.code, now.vault.id], [false, 'BackupService.6103', id])
  const set = { resource_ids: [serverId], action: 'unsuspend' }
  assert.deepEqual(await ok(200, 'PUT', `vaults/${id}/set-resources`, set), { set_resource_ids: [serverId] })
  const { checkpoint } = await ok(200, 'POST', 'checkpoints', { checkpoint: { vault_id: id } })
  await eventually(async () => (await ok(200, 'GET', `checkpoints/${checkpoint.id}`)).checkpoint.status === 'available')
  const usage = await ok(200, 'GET', `storage_usage?resource_id=${serverId}`)
  assert.deepEqual([usage.resource_count, usage.storage_usage[0].backup_count], [1, 1])

  const other = await newVault()
  const move = { destination_vault_id: other, resource_ids: [serverId] }
  assert.deepEqual(await ok(200, 'POST', `vaults/${id}/migrateresources`, move), { migrated_resources: [serverId] })
  const moved = (await ok(200, 'GET', `vaults/${other}`)).vault
  assert.deepEqual([moved.resources[0].id, moved.resources[0].auto_protect], [serverId, false])
  assert.ok(moved.billing.used > 0)
  assert.equal((await ok(200, 'GET', `vaults/${id}`)).vault.billing.used, 0)
  await ok(204, 'DELETE', `vaults/${id}`)

  const removed = await ok(200, 'POST', `vaults/${other}/removeresources`, { resource_ids: [serverId] })
  assert.deepEqual(removed, { remove_resource_ids: [serverId] })
  await eventually(async () => (await ok(200, 'GET', `vaults/${other}`)).vault.resources.length === 0)
  assert.equal((await ok(200, 'GET', `vaults/${other}`)).vault.billing.used, 0)
  assert.equal((await server()).protectable.result, true)
  assert.deepEqual((await ok(200, 'GET', `backups?vault_id=${other}`)).backups, [])
})

test('a vault goes with the backups of its disk', async () => {
  const disk = (await ok(200, 'GET', 'protectables/disk/instances?name=db-01-data')).instances[0]
  assert.deepEqual(
    (await ok(200, 'GET', `protectables/disk/instances/${disk.id}`)).instance.detail.attachments[0].device,
    disk.detail.attachments[0].device,
  )
  const id = await newVault('disk', { resources: [{ id: disk.id, type: VOLUME }] })
  await ok(200, 'POST', 'checkpoints', { checkpoint: { vault_id: id } })
  const backups = async () => (await ok(200, 'GET', `backups?vault_id=${id}`)).backups
  await eventually(async () => (await backups()).every((backup: { status: string }) => backup.status === 'available'))
  const [backup] = await backups()
  await ok(204, 'DELETE', `vaults/${id}`)
  await eventually(async () => (await alice('GET', `vaults/${id}`)).status === 404)
  assert.equal(await refused('6200', 'GET', `backups/${backup.id}`), 404)
  const { protectable } = (await ok(200, 'GET', `protectables/disk/instances/${disk.id}`)).instance
  assert.equal(protectable.result, true)
})

test('tags of a vault', async () => {
  const id = await newVault()
  await ok(204, 'POST', `vault/${id}/tags`, { tag: { key: 'tier', value: 'gold' } })
  const tags = [
    { key: 'foo', value: 'bar' },
    { key: 'cost centre', value: 'a+b' },
  ]
  await ok(204, 'POST', `vault/${id}/tags/action`, { action: 'create', tags })
  assert.equal((await ok(200, 'GET', `vault/${id}/tags`)).tags.length, 3)
  const project = await ok(200, 'GET', 'vault/tags')
  assert.deepEqual(
    project.tags.find((tag: { key: string }) => tag.key === 'tier'),
    { key: 'tier', values: ['gold'] },
  )
  const question = { action: 'filter', limit: '10', offset: '0', tags: [{ key: 'tier', values: ['gold'] }] }
  const found = await ok(200, 'POST', 'vault/resource_instances/action', question)
  assert.deepEqual([found.total_count, found.resources[0].resource_detail.vault.id], [1, id])
  await ok(204, 'DELETE', `vault/${id}/tags/${encodeURIComponent('cost centre')}`)
  assert.equal(await refused('6601', 'DELETE', `vault/${id}/tags/missing`), 404)
  await ok(204, 'POST', `vault/${id}/tags/action`, {
    action: 'delete',
    tags: [{ key: 'foo' }, { key: 'tier', value: 'gold' }],
  })
  assert.deepEqual(await ok(200, 'GET', `vault/${id}/tags`), { tags: [] })
  const missing = crypto.randomUUID()
  for (const path of [`vault/${missing}/tags`, 'vault/vault-1/tags']) {
    assert.equal(await refused('6105', 'GET', path), 404)
    assert.equal(await refused('6105', 'POST', path, {}), 404)
    assert.equal(await refused('6105', 'POST', `${path}/action`, {}), 404)
    assert.equal(await refused('6105', 'DELETE', `${path}/k`), 404)
  }
})

test('features and replication capabilities', async () => {
  assert.equal((await ok(200, 'GET', 'cbr-features'))['replication.enable'], false)
  assert.deepEqual(await ok(200, 'GET', 'cbr-features/replication.enable'), { 'replication.enable': false })
  assert.equal(await refused('9900', 'GET', 'cbr-features/nothing'), 400)
  assert.deepEqual(await ok(200, 'GET', 'replication-capabilities'), {
    regions: [{ name: 'local-1', replication_destinations: [] }],
  })
})
