import assert from 'node:assert/strict'
import test from 'node:test'
import { alice, bob, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import { replicasIn } from '../../../test/no-replicas.ts'
import { policyCalls } from '../../../test/policy-calls.ts'
import type { Operations, OrganizationPolicy } from '../../contract/operations.gen.ts'
import type { ProjectCaller } from '../use-case.ts'
import { createOrganizationPolicy } from './create-organization-policy.ts'
import { deleteOrganizationPolicy } from './delete-organization-policy.ts'
import { listOrganizationPolicies } from './list-organization-policies.ts'
import { listOrganizationPolicyDetail } from './list-organization-policy-detail.ts'
import { showOrganizationPolicy } from './show-organization-policy.ts'
import { updateOrganizationPolicy } from './update-organization-policy.ts'

type Create = Operations['CreateOrganizationPolicy']['body']['policy']
type Update = Operations['UpdateOrganizationPolicy']['body']['policy']

const PATTERN = 'FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00'
/** Of another account, in a project of its own. */
const mallory: ProjectCaller = {
  ...alice,
  userId: 'mallory-id',
  domainId: 'evil-id',
  domainName: 'evil',
  projectId: '0c3f6a1d52b84e7f9a60d2b7c81e4f35',
}

const project = ({ projectId, domainId, domainName }: ProjectCaller) => ({
  id: projectId,
  name: projectId.slice(0, 4),
  domainId,
  domainName,
  enabled: true,
  description: '',
})

async function openAccount(): Promise<Desk> {
  const desk = await openDesk()
  desk.projects.push(...[alice, bob, mallory].map(project))
  return { ...desk, ports: { ...desk.ports, replicas: replicasIn('far-1', 'far-2') } }
}

const sent = (given: Partial<Create> = {}): Create => ({
  name: 'org',
  operation_type: 'backup',
  policy_name: 'nightly',
  policy_enabled: true,
  policy_operation_definition: { max_backups: 7 },
  policy_trigger: { properties: { pattern: [PATTERN] } },
  ...given,
})

const REPLICATION = {
  operation_type: 'replication',
  policy_operation_definition: { destination_region: 'far-1', destination_project_id: alice.projectId },
} as const

function organization(desk: Desk, caller: ProjectCaller = alice) {
  const { ports } = desk
  const path = { project_id: caller.projectId }
  const named = (organization_policy_id: string) => ({ path: { ...path, organization_policy_id }, query: {} })
  const read = { path, query: {}, body: undefined }
  return {
    async create(given: Partial<Create> = {}): Promise<OrganizationPolicy> {
      const body = { policy: sent(given) }
      const { policy } = await createOrganizationPolicy(ports, caller, { path, query: {}, body })
      return policy ?? assert.fail('no policy')
    },
    async show(id: string): Promise<OrganizationPolicy> {
      const { policy } = await showOrganizationPolicy(ports, caller, { ...named(id), body: undefined })
      return policy ?? assert.fail('no policy')
    },
    async update(id: string, policy: Update): Promise<OrganizationPolicy> {
      const answer = await updateOrganizationPolicy(ports, caller, { ...named(id), body: { policy } })
      return answer.policy ?? assert.fail('no policy')
    },
    remove: (id: string) => deleteOrganizationPolicy(ports, caller, { ...named(id), body: undefined }),
    list: (query: Operations['ListOrganizationPolicies']['query'] = {}) =>
      listOrganizationPolicies(ports, caller, { ...read, query }),
    detail: (id: string, query: Operations['ListOrganizationPolicyDetail']['query'] = {}) =>
      listOrganizationPolicyDetail(ports, caller, { ...named(id), query, body: undefined }),
    policies: policyCalls(ports, caller),
  }
}

/** The project's policy that has come of the organization's. */
async function rolledOut(desk: Desk, caller: ProjectCaller): Promise<string> {
  const { ids } = await organization(desk, caller).policies.list()
  assert.equal(ids.length, 1)
  return ids[0] ?? ''
}

test('a policy of the account is in each of its projects when the call returns, and in no other', async () => {
  await using desk = await openAccount()
  const calls = organization(desk)
  const policy = await calls.create({ description: 'for all' })
  const { id, ...rest } = policy
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(rest, {
    ...sent(),
    description: 'for all',
    domain_id: 'acme-id',
    domain_name: 'acme',
    effective_scope: 'all',
    status: 'available',
  })
  assert.deepEqual(await calls.show(id), policy)
  assert.deepEqual(await calls.list(), { policies: [policy], count: 1, limit: 1000, offset: 0 })
  const ids = [await rolledOut(desk, alice), await rolledOut(desk, bob)]
  assert.notEqual(ids[0], ids[1])
  const { associated_vaults, trigger, ...shown } = await organization(desk, bob).policies.show(ids[1] ?? '')
  assert.deepEqual(shown, {
    id: ids[1],
    name: 'nightly',
    enabled: true,
    operation_type: 'backup',
    operation_definition: { max_backups: 7 },
    policy_type: 'organization_policy_v2',
  })
  assert.deepEqual([associated_vaults, trigger.properties.pattern], [[], [PATTERN]])
  assert.equal((await organization(desk, mallory).policies.list()).count, 0)
  const { policies, ...counts } = await calls.detail(id)
  assert.deepEqual(counts, { count: 2, limit: 1000, offset: 0 })
  const details = [alice, bob].map(({ projectId }, at) => ({
    domain_id: 'acme-id',
    project_id: projectId,
    policy_id: ids[at],
    status: 'available',
  }))
  assert.deepEqual(new Set(policies), new Set(details))
})

test('what a policy of a project may not say, one of the account may not either', async () => {
  await using desk = await openAccount()
  const { create } = organization(desk)
  const trigger = (pattern: string) => ({ policy_trigger: { properties: { pattern: [pattern] } } })
  await refused('9900', create(trigger('FREQ=HOURLY')))
  const wrong = [
    { max_backups: 3, retention_duration_days: 3 },
    { retention_duration_days: 0 },
    { day_backups: 3 },
    { day_backups: 3, timezone: 'UTC+99:00' },
    { enable_acceleration: true },
  ]
  for (const definition of wrong) await refused('9900', create({ policy_operation_definition: definition }))
  await refused('9900', create({ operation_type: 'replication' }))
  const here = { ...REPLICATION.policy_operation_definition, destination_region: 'local-1' }
  await refused('1005', create({ ...REPLICATION, policy_operation_definition: here }))
  assert.equal((await organization(desk).policies.list()).count, 0)
})

test('an account has at most 32 of a type, beside those of its projects', async () => {
  await using desk = await openAccount()
  const { create, policies } = organization(desk)
  for (let made = 0; made < 32; made += 1) await create()
  await refused('6001', create())
  await create(REPLICATION)
  for (let made = 0; made < 32; made += 1) await policies.create()
  await refused('6001', policies.create())
})

test('they are listed newest first, by type, and paged', async () => {
  await using desk = await openAccount()
  const { create, list, detail } = organization(desk)
  const made = [await create(), await create(), await create(REPLICATION)].map(({ id }) => id)
  const idsOf = async (query: Parameters<typeof list>[0]) => {
    const { policies = [], count } = await list(query)
    return [policies.map(({ id }) => id), count] as const
  }
  const [all, count] = await idsOf({})
  assert.deepEqual([new Set(all), count], [new Set(made), 3])
  assert.deepEqual(await idsOf({ operation_type: 'replication' }), [[made[2]], 1])
  assert.deepEqual(await idsOf({ limit: 1, offset: 1 }), [[all[1]], 3])
  assert.deepEqual(await idsOf({ marker: all[1] ?? '' }), [[all[2]], 3])
  assert.deepEqual(await idsOf({ offset: 3 }), [[], 3])
  const { policies: first = [] } = await detail(all[0] ?? '', { limit: 1 })
  const { policies: second = [], count: projects } = await detail(all[0] ?? '', { marker: first[0]?.policy_id ?? '' })
  assert.deepEqual([second.length, projects], [1, 2])
  assert.notEqual(first[0]?.project_id, second[0]?.project_id)
})

test('only the account sees and changes it', async () => {
  await using desk = await openAccount()
  const { id } = await organization(desk).create()
  const stranger = organization(desk, mallory)
  for (const unknown of [id, crypto.randomUUID(), 'org']) {
    await refused('6000', stranger.show(unknown))
    await refused('6000', stranger.detail(unknown))
    await refused('6000', stranger.update(unknown, { name: 'mine' }))
    await refused('6000', stranger.remove(unknown))
  }
  assert.equal((await stranger.list()).count, 0)
  assert.equal((await organization(desk, bob).show(id)).name, 'org')
})

test('projects neither change nor delete what comes from the account', async () => {
  await using desk = await openAccount()
  await organization(desk).create()
  const { policies } = organization(desk, bob)
  const id = await rolledOut(desk, bob)
  await refused('9900', policies.update(id, { enabled: false }))
  await refused('9900', policies.remove(id))
  assert.equal((await policies.show(id)).enabled, true)
})

test('a change reaches every project and every vault; what is not sent stays', async () => {
  await using desk = await openAccount()
  const { create, update, show, policies } = organization(desk)
  const { id } = await create({ effective_scope: 'ou-1' })
  const mine = await rolledOut(desk, alice)
  const vault = await putVault(desk)
  await policies.apply(vault.id, mine)
  const due = async () => (await desk.catalog.read(records => records.appliedPolicies.inVaults([vault.id])))[0]?.nextDue
  assert.equal((await due())?.getUTCHours(), 2)
  const pattern = ['FREQ=DAILY;INTERVAL=1;BYHOUR=05;BYMINUTE=00']
  const changed = await update(id, {
    name: 'renamed',
    policy_name: 'early',
    policy_operation_definition: { retention_duration_days: 30 },
    policy_trigger: { properties: { pattern, start_window_minutes: 90 } },
  })
  assert.deepEqual(await show(id), changed)
  assert.deepEqual(
    [changed.name, changed.policy_name, changed.effective_scope, changed.policy_enabled, changed.status],
    ['renamed', 'early', 'ou-1', true, 'available'],
  )
  assert.deepEqual(changed.policy_operation_definition, { retention_duration_days: 30 })
  assert.equal((await due())?.getUTCHours(), 5)
  for (const caller of [alice, bob]) {
    const policy = await organization(desk, caller).policies.show(await rolledOut(desk, caller))
    assert.deepEqual([policy.name, policy.operation_definition], ['early', { retention_duration_days: 30 }])
    assert.deepEqual(policy.trigger.properties.pattern, pattern)
    assert.equal(policy.trigger.properties.start_window_minutes, 90)
  }
  const off = { policy_trigger: { properties: { pattern, start_window_minutes: null } }, policy_enabled: false }
  const { policy_trigger: trigger } = await update(id, off)
  assert.deepEqual(trigger, { properties: { pattern } })
  assert.equal(await due(), undefined)
  await refused('9900', update(id, { policy_operation_definition: { day_backups: 1 } }))
})

test('where replicas go is fixed as long as one vault of one project has the policy', async () => {
  await using desk = await openAccount()
  const { create, update, policies } = organization(desk)
  const { id } = await create(REPLICATION)
  const elsewhere = { ...REPLICATION.policy_operation_definition, destination_region: 'far-2' }
  await update(id, { policy_operation_definition: elsewhere })
  const vault = await putVault(desk)
  const destination = crypto.randomUUID()
  const mine = await rolledOut(desk, alice)
  await policies.apply(vault.id, { policy_id: mine, destination_vault_id: destination })
  const back = update(id, { policy_name: 'x', policy_operation_definition: REPLICATION.policy_operation_definition })
  await refused('6003', back)
  const other = await organization(desk, bob).policies.show(await rolledOut(desk, bob))
  assert.deepEqual([other.name, other.operation_definition], ['nightly', elsewhere])
})

test('deleted, it is gone from every project and vault', async () => {
  await using desk = await openAccount()
  const { create, remove, show, policies } = organization(desk)
  const { id } = await create()
  const mine = await rolledOut(desk, alice)
  const vault = await putVault(desk)
  await policies.apply(vault.id, mine)
  await remove(id)
  await refused('6000', show(id))
  await refused('6000', remove(id))
  await refused('6000', policies.show(mine))
  assert.equal((await organization(desk, bob).policies.list()).count, 0)
  assert.deepEqual(await desk.catalog.read(records => records.appliedPolicies.inVaults([vault.id])), [])
})
