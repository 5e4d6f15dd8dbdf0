import assert from 'node:assert/strict'
import test from 'node:test'
import { aDisk, alice, aServer, bob, type Desk, NOW, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { BillingCreate, VaultCreate } from '../../contract/operations.gen.ts'
import { createVault } from './create-vault.ts'
import { listVault } from './list-vault.ts'
import { showVault } from './show-vault.ts'

const create = (desk: Desk, given: Partial<VaultCreate> = {}, billing: Partial<BillingCreate> = {}) =>
  createVault(desk.ports, alice, {
    path: { project_id: alice.projectId },
    query: {},
    body: {
      vault: {
        name: 'vault-1',
        resources: [],
        billing: { object_type: 'server', protect_type: 'backup', size: 100, ...billing },
        ...given,
      },
    },
  })

const show = (desk: Desk, id: string, caller = alice) =>
  showVault(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: id },
    query: {},
    body: undefined,
  })

const count = async (desk: Desk) =>
  (await listVault(desk.ports, alice, { path: { project_id: alice.projectId }, query: {}, body: undefined })).count

test('a vault has the defaults of the contract, and shows the same afterwards', async () => {
  await using desk = await openDesk()
  const { vault } = await create(desk)
  assert.ok(vault)
  const { id, ...rest } = vault
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(rest, {
    name: 'vault-1',
    provider_id: '0daac4c5-6707-4851-97ba-169e36266b66',
    project_id: alice.projectId,
    user_id: alice.userId,
    created_at: '2026-11-23T14:15:54.210+00:00',
    enterprise_project_id: '0',
    billing: {
      status: 'available',
      size: 100,
      used: 0,
      allocated: 0,
      object_type: 'server',
      protect_type: 'backup',
      cloud_type: 'public',
      consistent_level: 'crash_consistent',
      charging_mode: 'post_paid',
      spec_code: 'vault.backup.server.normal',
      is_multi_az: false,
    },
    resources: [],
    tags: [],
    auto_bind: false,
    bind_rules: {},
    auto_expand: false,
    smn_notify: true,
    threshold: 80,
    locked: false,
    demand_billing: false,
  })
  assert.deepEqual(await show(desk, id), { vault })
})

test('everything that is asked for is kept', async () => {
  await using desk = await openDesk()
  const asked = {
    name: '保险库-1',
    description: 'of the database',
    auto_bind: true,
    auto_expand: true,
    smn_notify: false,
    threshold: 60,
    locked: true,
    backup_name_prefix: 'nightly',
    availability_zone: 'az-1',
    enterprise_project_id: '876ae48d-cfb3-4aff-bb55-83167abd3876',
    bind_rules: { tags: [{ key: 'tier', value: 'gold' }] },
    tags: [{ key: 'key01', value: 'value01' }],
  }
  const { vault } = await create(desk, asked, { consistent_level: 'app_consistent', is_multi_az: true })
  assert.ok(vault)
  for (const [field, value] of Object.entries(asked)) {
    assert.deepEqual(vault[field as keyof typeof asked], value, field)
  }
  assert.equal(vault.billing.spec_code, 'vault.backup.database.normal')
  assert.equal(vault.billing.is_multi_az, true)
})

test('a vault without a name gets one', async () => {
  await using desk = await openDesk()
  const { vault } = await createVault(desk.ports, alice, {
    path: { project_id: alice.projectId },
    query: {},
    body: { vault: { resources: [], billing: { object_type: 'disk', protect_type: 'backup', size: 40 } } },
  })
  assert.match(vault?.name ?? '', /^vault_[0-9a-f]{4}$/)
  assert.equal(vault?.provider_id, 'd1603440-187d-4516-af25-121250c7cc97')
})

test('the kind of a vault decides provider and spec code', async () => {
  await using desk = await openDesk()
  const replica = await create(desk, {}, { protect_type: 'replication' })
  assert.equal(replica.vault?.billing.spec_code, 'vault.replication.server.normal')
  const vmware = await create(desk, {}, { object_type: 'vmware' })
  assert.equal(vmware.vault?.billing.cloud_type, 'hybrid')
  assert.equal(vmware.vault?.provider_id, 'a13639de-00be-4e94-af30-26912d75e4a2')
  const turbo = await create(desk, {}, { object_type: 'turbo' })
  assert.equal(turbo.vault?.billing.spec_code, 'vault.backup.turbo.normal')
})

test('resources go in with the vault', async () => {
  await using desk = await openDesk()
  const server = aServer({ name: 'db-01' })
  desk.servers.push(server)
  const [, data] = server.disks
  assert.ok(data)
  const extra_info = { exclude_volumes: [data.id] }
  const { vault } = await create(desk, { resources: [{ id: server.id, type: 'OS::Nova::Server', extra_info }] })
  assert.equal(vault?.billing.allocated, 50)
  assert.deepEqual(vault?.resources, [
    {
      id: server.id,
      type: 'OS::Nova::Server',
      name: 'db-01',
      size: 50,
      protect_status: 'available',
      backup_size: 0,
      backup_count: 0,
      auto_protect: true,
      extra_info,
    },
  ])
})

test('what cannot be is refused, and nothing is made', async () => {
  await using desk = await openDesk()
  desk.disks.push(aDisk({ id: 'd1603440-0000-4000-8000-000000000001' }))
  const of = (object_type: string) => ({ object_type: object_type as 'disk' })
  await refused('6116', create(desk, {}, of('tape')))
  for (const size of [9, 0, -1, 10_485_761]) await refused('6101', create(desk, {}, { size }))
  for (const type of ['disk', 'turbo']) {
    await refused('6122', create(desk, {}, { ...of(type), protect_type: 'replication' }))
  }
  await refused('9900', create(desk, {}, { ...of('disk'), consistent_level: 'app_consistent' }))
  const subscription = { charging_mode: 'pre_paid', period_type: 'month', period_num: 1 } as const
  for (const missing of ['period_type', 'period_num']) {
    await refused('9900', create(desk, {}, { ...subscription, [missing]: undefined }))
  }
  await refused('9900', create(desk, { auto_expand: true }, subscription))
  await refused('9900', create(desk, { demand_billing: true }))
  await refused('9900', create(desk, {}, { ...of('vmware'), cloud_type: 'public' }))
  await refused('6000', create(desk, { backup_policy_id: crypto.randomUUID() }))
  const tag = (key: string) => ({ key, value: 'v' })
  await refused('9900', create(desk, { tags: [tag('a'), tag('a')] }))
  await refused('6600', create(desk, { tags: Array.from({ length: 21 }, (_, at) => tag(`key${at}`)) }))
  await refused('9900', create(desk, { bind_rules: { tags: [tag('a=b')] } }))
  const resource = (id: string, type: string) => ({ id, type })
  const missing = crypto.randomUUID()
  await refused('6104', create(desk, { resources: [1, 2].map(() => resource(missing, 'OS::Nova::Server')) }))
  await refused('7100', create(desk, { resources: [resource(missing, 'OS::Nova::Server')] }))
  await refused('6102', create(desk, { resources: [resource(missing, 'OS::Cinder::Volume')] }))
  await refused('6116', create(desk, { resources: [resource(missing, 'OS::Tape::Drive')] }))
  await refused('7000', create(desk, { resources: [resource(missing, 'OS::Cinder::Volume')] }, of('disk')))
  await refused('6302', create(desk, { resources: [resource(missing, 'OS::Sfs::Turbo')] }, of('turbo')))
  const server = aServer()
  desk.servers.push(server)
  const some = { resources: [resource(server.id, 'OS::Nova::Server')] }
  await refused('6124', create(desk, some, { protect_type: 'replication' }))
  assert.equal(await count(desk), 0)
})

test('one resource that is taken elsewhere refuses the vault', async () => {
  await using desk = await openDesk()
  const servers = [aServer(), aServer()]
  desk.servers.push(...servers)
  const resources = servers.map(({ id }) => ({ id, type: 'OS::Nova::Server' }))
  await create(desk, { resources: resources.slice(0, 1) })
  await refused('6103', create(desk, { resources }))
  assert.equal(await count(desk), 1)
})

test('a project has no more vaults than it may have', async () => {
  await using desk = await openDesk({ mostVaults: 2 })
  await create(desk)
  await create(desk)
  await refused('6133', create(desk))
  assert.equal(await count(desk), 2)
})

test('a vault of another project looks like none', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  await refused('6105', show(desk, id, bob))
  for (const name of [crypto.randomUUID(), 'vault-1', '..', '\0']) await refused('6105', show(desk, name))
})

test('sizes are whole GB and MB, whatever the bytes are', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk, { usedBytes: 2 ** 20 + 1 })
  const { vault } = await show(desk, id)
  assert.equal(vault?.billing.used, 2)
  assert.equal(vault?.created_at, NOW.toISOString().replace('Z', '+00:00'))
})
