/** What clients do with policies (semantics 9): made, changed, applied, in vaults that come and go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob, type Desk, NOW, openDesk, putVault, refused } from '../../../test/desk.ts'
import { closedDoor, noReplicas, replicasIn } from '../../../test/no-replicas.ts'
import { NIGHTLY, policyCalls } from '../../../test/policy-calls.ts'
import type { PolicyCreate, VaultCreate } from '../../contract/operations.gen.ts'
import type { ReplicaLook } from '../../ports/replicas.ts'
import { createVault } from '../vault/create-vault.ts'
import { deleteVault } from '../vault/delete-vault.ts'
import { listVault } from '../vault/list-vault.ts'

const TOMORROW = new Date('2026-11-24T02:00:00.000Z')
const REPLICATION = {
  operation_type: 'replication',
  operation_definition: { destination_region: 'eu-nl', destination_project_id: 'fcf6cb26c3bf4402869792207ad3dce4' },
} as const
const TAKING = { status: 'available', objectType: 'server', freeBytes: 1 } as const
const UNKNOWN = '11111111-2222-4333-8444-555555555555'

const vaultsOf = async (desk: Desk, policyId: string) =>
  (await policyCalls(desk.ports).show(policyId)).associated_vaults?.map(({ vault_id }) => vault_id)
const appliedTo = (desk: Desk, vaultId: string) =>
  desk.catalog.read(({ appliedPolicies }) => appliedPolicies.inVaults([vaultId]))
const newVault = async (desk: Desk, given: Partial<VaultCreate>) => {
  const billing = { object_type: 'server', protect_type: 'backup', size: 100 } as const
  const vault = { name: 'vault', resources: [], billing, ...given }
  return (await createVault(desk.ports, alice, { path: { project_id: alice.projectId }, query: {}, body: { vault } }))
    .vault
}

test('a policy is answered as it was sent, with what is always there', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const pattern = ['FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=14;BYMINUTE=00', NIGHTLY]
  const definition = { timezone: 'UTC+01:00', day_backups: 0, retention_duration_days: 1, year_backups: 0 }
  const made = await calls.create({
    operation_definition: definition,
    trigger: { properties: { pattern, start_window_minutes: 120 } },
  })
  const { id, trigger, ...rest } = made
  assert.deepEqual(rest, {
    name: 'nightly',
    enabled: true,
    operation_type: 'backup',
    operation_definition: definition,
    associated_vaults: [],
    policy_type: 'custom_policy',
  })
  assert.equal(JSON.stringify(made.operation_definition), JSON.stringify(definition), 'in the order sent')
  const { id: triggerId, ...named } = trigger
  assert.match(triggerId, /^[0-9a-f-]{36}$/)
  const start = '2026-11-23T14:15:54.210+00:00'
  assert.deepEqual(named, {
    name: 'default',
    type: 'time',
    properties: { pattern, start_time: start, start_window_minutes: 120 },
  })
  assert.deepEqual(await calls.show(id), made)
})

test('a policy keeps no field of its definition that the contract does not have', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const sent = { max_backups: 3, retention_of_our_own: { deep: true } }
  assert.deepEqual((await calls.create({ operation_definition: sent })).operation_definition, { max_backups: 3 })
})

test('a policy belongs to its project alone', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const bobs = policyCalls(desk.ports, bob)
  const { id } = await calls.create()
  const vault = await putVault(desk)
  for (const known of [id, UNKNOWN, 'a-name', id.toUpperCase()]) {
    await refused('6000', bobs.show(known))
    await refused('6000', bobs.update(known, { name: 'x' }))
    await refused('6000', bobs.remove(known))
  }
  for (const unknown of [UNKNOWN, 'a-name']) {
    await refused('6000', calls.show(unknown))
    await refused('6000', calls.apply(vault.id, unknown))
    await refused('6000', calls.release(vault.id, unknown))
  }
  assert.deepEqual(await bobs.list(), { ids: [], count: 0 })
})

const wrong: Readonly<Record<string, readonly [PolicyCreate['operation_definition'], '9900' | '1005' | '1011']>> = {
  'both rules': [{ max_backups: 5, retention_duration_days: 5 }, '9900'],
  'no day at all': [{ retention_duration_days: 0 }, '9900'],
  'long-term retention by days': [{ day_backups: 1, timezone: 'UTC+00:00', retention_duration_days: 3 }, '9900'],
  'long-term retention without a zone': [{ week_backups: 1 }, '9900'],
  'a zone there is not': [{ timezone: 'UTC+15:00' }, '9900'],
  acceleration: [{ enable_acceleration: true }, '9900'],
  'an advanced rule there is not': [{ advanced_retention_rules: { daily: {} } }, '9900'],
  'an advanced rule without days': [
    { advanced_retention_rules: { weekly: { retention_duration_periods: 3 } } },
    '9900',
  ],
  'an advanced rule for too long': [
    { advanced_retention_rules: { weekly: { days_of_week: ['MO'], retention_duration_periods: 5201 } } },
    '9900',
  ],
  'an advanced rule on a day there is not': [
    { advanced_retention_rules: { monthly: { days_of_month: [31], retention_duration_periods: 1 } } },
    '9900',
  ],
}
for (const [what, [definition, code]] of Object.entries(wrong)) {
  test(`a policy is refused: ${what}`, async () => {
    await using desk = await openDesk()
    const calls = policyCalls(desk.ports)
    await refused(code, calls.create({ operation_definition: definition }))
    const { id } = await calls.create()
    await refused(code, calls.update(id, { operation_definition: definition }))
    assert.deepEqual((await calls.show(id)).operation_definition, { max_backups: 7 })
  })
}

test('a policy may say -1, 0 and nothing', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const zeros = { day_backups: 0, week_backups: 0, month_backups: 0, year_backups: 0 }
  for (const definition of [
    {},
    { max_backups: -1, retention_duration_days: -1 },
    { max_backups: 0 },
    { ...zeros, retention_duration_days: 30 },
    { max_backups: 5, day_backups: 3, timezone: 'UTC-03:30' },
    { max_backups: 5, full_backup_interval: 7, enable_acceleration: false },
  ]) {
    assert.deepEqual((await calls.create({ operation_definition: definition })).operation_definition, definition)
  }
})

test('a policy of replication names a destination elsewhere', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const { operation_definition: definition } = await calls.create(REPLICATION)
  assert.deepEqual(definition, REPLICATION.operation_definition)
  const without = (given: PolicyCreate['operation_definition']) =>
    calls.create({ operation_type: 'replication', operation_definition: given })
  const project = REPLICATION.operation_definition.destination_project_id
  await refused('9900', without({ destination_project_id: project }))
  await refused('9900', without({ destination_region: 'eu-nl' }))
  await refused('1005', without({ destination_region: 'local-1', destination_project_id: project }))
  await refused('1011', without({ destination_region: 'eu-nl', destination_project_id: 'nobody' }))
})

test('a policy has 31 others of its type at most, also when many are made at once', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => calls.create()))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 32)
  await refused('6001', calls.create())
  await calls.create(REPLICATION)
  await policyCalls(desk.ports, bob).create()
})

test('an update changes what is sent; the definition and the patterns are replaced whole', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const made = await calls.create({
    operation_definition: { day_backups: 3, timezone: 'UTC+00:00', max_backups: 5 },
    trigger: { properties: { pattern: [NIGHTLY], start_window_minutes: 60 } },
  })
  const renamed = await calls.update(made.id, { name: 'other' })
  assert.deepEqual(renamed, { ...made, name: 'other' })
  const definition = { retention_duration_days: 30 }
  const pattern = ['FREQ=WEEKLY;BYDAY=SU;BYHOUR=3;BYMINUTE=30']
  const changed = await calls.update(made.id, {
    operation_definition: definition,
    trigger: { properties: { pattern } },
  })
  assert.deepEqual(changed.operation_definition, definition)
  assert.deepEqual(changed.trigger.properties, { ...made.trigger.properties, pattern })
  assert.deepEqual(await calls.show(made.id), changed)
  const off = await calls.update(made.id, { trigger: { properties: { pattern, start_window_minutes: null } } })
  assert.equal(off.trigger.properties.start_window_minutes, undefined)
  assert.deepEqual(await calls.show(made.id), off)
})

test('an update with a wrong pattern changes nothing', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const made = await calls.create()
  const trigger = { properties: { pattern: ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30'] } }
  await refused('9900', calls.update(made.id, { name: 'other', trigger }))
  assert.deepEqual(await calls.show(made.id), made)
})

test('an update sets the next run where the timing changes, and there alone', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const { id } = await calls.create()
  const vault = await putVault(desk)
  await calls.apply(vault.id, id)
  const nextDue = async () => (await appliedTo(desk, vault.id))[0]?.nextDue
  assert.deepEqual(await nextDue(), TOMORROW)
  await calls.update(id, { enabled: false })
  assert.equal(await nextDue(), undefined)
  await calls.update(id, { enabled: true, name: 'other' })
  assert.deepEqual(await nextDue(), TOMORROW)
  await calls.update(id, { trigger: { properties: { pattern: ['FREQ=DAILY;BYHOUR=23;BYMINUTE=00'] } } })
  assert.deepEqual(await nextDue(), new Date('2026-11-23T23:00:00.000Z'))
  // It has come due and nobody has looked yet: saying the same again does not lose it.
  const overdue = new Date(NOW.getTime() - 1)
  await desk.catalog.change(({ appliedPolicies }) => appliedPolicies.schedule(id, overdue))
  await calls.update(id, {
    name: 'third',
    trigger: { properties: { pattern: ['FREQ=DAILY;BYHOUR=23;BYMINUTE=00'] } },
  })
  await calls.apply(vault.id, id)
  assert.deepEqual(await nextDue(), overdue)
})

test('an update does not bring back what has been dealt with when the clock has gone back', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const { id } = await calls.create()
  const vault = await putVault(desk)
  await calls.apply(vault.id, id)
  const day = (day: number) => new Date(Date.UTC(2026, 10, day, 2))
  await desk.catalog.change(({ appliedPolicies }) =>
    appliedPolicies.advance(
      { vaultId: vault.id, operationType: 'backup', policyId: id, nextDue: TOMORROW },
      { lastDue: day(26), nextDue: day(27) },
    ),
  )
  await calls.update(id, { enabled: false })
  await calls.update(id, { enabled: true })
  assert.deepEqual((await appliedTo(desk, vault.id))[0]?.nextDue, day(27))
  const other = await calls.create()
  await calls.apply(vault.id, other.id)
  assert.deepEqual((await appliedTo(desk, vault.id))[0]?.nextDue, day(27))
})

test('an update of where replicas go is refused while it is applied', async () => {
  await using desk = await openDesk()
  const calls = policyCalls({ ...desk.ports, replicas: replicasIn('eu-nl', 'eu-fr') })
  const { id } = await calls.create(REPLICATION)
  const elsewhere = { ...REPLICATION.operation_definition, destination_region: 'eu-fr' }
  await calls.update(id, { operation_definition: elsewhere })
  const vault = await putVault(desk)
  await calls.apply(vault.id, { policy_id: id, destination_vault_id: UNKNOWN })
  await refused('6003', calls.update(id, { operation_definition: REPLICATION.operation_definition }))
  await calls.update(id, { operation_definition: { ...elsewhere, max_backups: 3 } })
})

test('applying answers what was asked for, and another one of the type takes its place', async () => {
  await using desk = await openDesk()
  const calls = policyCalls({ ...desk.ports, replicas: replicasIn('eu-nl', 'eu-fr') })
  const [first, second, copies] = [await calls.create(), await calls.create(), await calls.create(REPLICATION)]
  const vault = await putVault(desk)
  assert.deepEqual(await calls.apply(vault.id, first.id), { vault_id: vault.id, policy_id: first.id })
  const destination = { policy_id: copies.id, destination_vault_id: UNKNOWN }
  assert.deepEqual(await calls.apply(vault.id, destination), { vault_id: vault.id, ...destination })
  await calls.apply(vault.id, { add_policy_ids: [second.id] })
  assert.deepEqual(await vaultsOf(desk, first.id), [])
  assert.deepEqual(await vaultsOf(desk, second.id), [vault.id])
  assert.deepEqual((await calls.show(copies.id)).associated_vaults, [
    { vault_id: vault.id, destination_vault_id: UNKNOWN },
  ])
  assert.deepEqual([...(await calls.list({ vault_id: vault.id })).ids].sort(), [copies.id, second.id].sort())
  assert.deepEqual((await calls.list({ vault_id: vault.id, operation_type: 'backup' })).ids, [second.id])
  const found = (policyId: string) =>
    listVault(desk.ports, alice, {
      path: { project_id: alice.projectId },
      query: { policy_id: policyId },
      body: undefined,
    })
  assert.deepEqual(
    (await found(second.id)).vaults?.map(({ id }) => id),
    [vault.id],
  )
  assert.equal((await found(first.id)).count, 0)
})

test('applying needs one policy, named in one way', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const { id } = await calls.create()
  const vault = await putVault(desk)
  await refused('9900', calls.apply(vault.id, {}))
  await refused('9900', calls.apply(vault.id, { policy_id: id, add_policy_ids: [id] }))
  await refused('6105', calls.apply(UNKNOWN, id))
})

test('applying a disabled policy waits', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const { id } = await calls.create({ enabled: false })
  const vault = await putVault(desk)
  await calls.apply(vault.id, id)
  assert.equal((await appliedTo(desk, vault.id))[0]?.nextDue, undefined)
})

test('applying needs a vault that fits and can be changed', async () => {
  await using desk = await openDesk()
  const ground = (vaultId: string) => ({
    existing: [],
    ...(vaultId !== UNKNOWN && {
      vault: { ...TAKING, protectType: vaultId === replication.id ? 'replication' : 'backup' } as const,
    }),
  })
  const door = { ...closedDoor, look: async ({ vaultId }: ReplicaLook) => ground(vaultId) }
  const peer = { region: 'eu-nl', door, allows: () => true, vaults: async () => ({ vaults: [], count: 0 }) }
  const calls = policyCalls({ ...desk.ports, replicas: { ...noReplicas, regions: ['eu-nl'], peer: () => peer } })
  const [backups, copies] = [await calls.create(), await calls.create(REPLICATION)]
  const copy = { policy_id: copies.id, destination_vault_id: UNKNOWN }
  const replication = await putVault(desk, { protectType: 'replication' })
  await refused('6127', calls.apply(replication.id, backups.id))
  await refused('6127', calls.apply(replication.id, copy))
  const disks = await putVault(desk, { objectType: 'disk' })
  await refused('6127', calls.apply(disks.id, copy))
  const hybrid = await putVault(desk, { cloudType: 'hybrid' })
  await refused('6136', calls.apply(hybrid.id, backups.id))
  const plain = await putVault(desk)
  await refused('9900', calls.apply(plain.id, copies.id))
  await refused('6119', calls.apply(plain.id, { policy_id: copies.id, destination_vault_id: disks.id }))
  await refused('6120', calls.apply(plain.id, copy))
  await calls.apply(plain.id, { policy_id: copies.id, destination_vault_id: replication.id })
  const to = { policy_id: copies.id, destination_vault_id: replication.id }
  await refused('1005', policyCalls(desk.ports).apply(plain.id, to))
  const replicas = { ...noReplicas, regions: ['eu-nl'], peer: () => ({ ...peer, door: closedDoor }) }
  await refused('6118', policyCalls({ ...desk.ports, replicas }).apply(plain.id, to))
  const forbidding = { ...noReplicas, regions: ['eu-nl'], peer: () => ({ ...peer, allows: () => false }) }
  await refused('1011', policyCalls({ ...desk.ports, replicas: forbidding }).apply(plain.id, to))
  for (const status of ['frozen', 'deleting', 'error'] as const) {
    await refused('6112', calls.apply((await putVault(desk, { status })).id, backups.id))
  }
  await calls.apply((await putVault(desk, { status: 'lock' })).id, backups.id)
})

test('applying ends with the dissociation, the policy and the vault', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const { id } = await calls.create()
  const [one, two, three] = [await putVault(desk), await putVault(desk), await putVault(desk)]
  for (const vault of [one, two, three]) await calls.apply(vault.id, id)
  assert.deepEqual(await calls.release(one.id, id), { vault_id: one.id, policy_id: id })
  await refused('6002', calls.release(one.id, id))
  await deleteVault(desk.ports, alice, {
    path: { project_id: alice.projectId, vault_id: two.id },
    query: {},
    body: undefined,
  })
  assert.deepEqual(await vaultsOf(desk, id), [three.id])
  await calls.remove(id)
  await refused('6000', calls.show(id))
  await refused('6000', calls.remove(id))
  assert.deepEqual(await appliedTo(desk, three.id), [])
})

test('applying comes with a new vault, or there is no vault', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const [backups, copies] = [await calls.create(), await calls.create(REPLICATION)]
  const vault = await newVault(desk, { backup_policy_id: backups.id })
  assert.ok(vault)
  assert.deepEqual(await vaultsOf(desk, backups.id), [vault.id])
  const unfit = { object_type: 'server', protect_type: 'replication', size: 100 } as const
  await refused('6000', newVault(desk, { backup_policy_id: UNKNOWN }))
  await refused('6127', newVault(desk, { backup_policy_id: copies.id }))
  await refused('6127', newVault(desk, { backup_policy_id: backups.id, billing: unfit }))
  const query = { limit: 10, offset: 0 }
  const { total } = await desk.catalog.read(({ vaults }) => vaults.list(alice.projectId, {}, query))
  assert.equal(total, 1)
})

test('the list is newest first and can be paged', async () => {
  await using desk = await openDesk()
  const calls = policyCalls(desk.ports)
  const after = async (seconds: number) => {
    const now = () => new Date(NOW.getTime() + seconds * 1000)
    return (await policyCalls({ ...desk.ports, now }).create()).id
  }
  const [a, b, c] = [await after(0), await after(1), await after(2)]
  assert.deepEqual(await calls.list(), { ids: [c, b, a], count: 3 })
  assert.deepEqual(await calls.list({ limit: 1, offset: 1 }), { ids: [b], count: 3 })
  assert.deepEqual(await calls.list({ marker: b }), { ids: [a], count: 3 })
  assert.deepEqual(await calls.list({ offset: 3 }), { ids: [], count: 3 })
  assert.deepEqual(await calls.list({ operation_type: 'replication' }), { ids: [], count: 0 })
})
