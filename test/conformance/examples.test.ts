/**
 * The documented examples (contract/examples) replayed against a whole house, with the ids of real objects: the request
 * is accepted, the status is the documented one, and the answer has the documented shape and fits the published schema.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { contractCheck } from '../../src/contract/check.ts'
import { type OperationId, operations } from '../../src/contract/operations.gen.ts'
import { successStatus } from '../../src/contract/statuses.ts'
import { type Example, readExamples } from '../../src/http/examples.ts'
import { type Answer, type Person, projects } from '../house.ts'
import { answerSchemas } from './contract-schemas.ts'
import { differences } from './shape.ts'
import { type Stage, type StagedBackup, setStage } from './stage.ts'

interface Documented extends Example {
  readonly alternatives?: readonly { readonly request?: { readonly body?: unknown } }[]
}
const examples = (await readExamples()) as Readonly<Record<string, Documented>>
const problemsOf = answerSchemas()
const replayed = new Set<OperationId>()
let stage: Stage
let shared: StagedBackup
before(async () => {
  stage = await setStage()
  shared = await stage.backup(stage.servers['web-1'])
})
after(() => stage[Symbol.asyncDispose]())

interface Replay {
  readonly person?: Person
  /** Values of path parameters but project_id. */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: string
  /** The documented body with real ids in it; without one it goes out as documented. */
  readonly body?: (documented: string) => unknown
  /** Places of the documented answer that have no value here, and why. */
  readonly absent?: Readonly<Record<string, string>>
}

async function replay(operation: OperationId, how: Replay = {}): Promise<Answer['body']> {
  const example = examples[operation] ?? assert.fail(`${operation} has no example`)
  replayed.add(operation)
  const { method, path } = operations[operation]
  const url = path.replaceAll(/\{(\w+)\}/g, (whole, name) =>
    name === 'project_id' ? whole : (how.path?.[name] ?? whole),
  )
  const documented = JSON.stringify(example.request.body ?? undefined)
  const body = documented === undefined ? undefined : how.body ? how.body(documented) : JSON.parse(documented)
  const answer = await stage.house.call(how.person ?? 'alice', method, `${url}${how.query ?? ''}`, body)
  assert.equal(answer.status, successStatus(operation), JSON.stringify(answer.body))
  if (Object.keys(operations[operation].answer).length === 0) {
    assert.equal(answer.body, undefined)
    return undefined
  }
  const shown = example.canonical_response_body ?? example.response.body
  assert.deepEqual(differences(shown, answer.body, Object.keys(how.absent ?? {})), [])
  assert.deepEqual(problemsOf(operation, answer.body), [])
  return answer.body
}

/** The documented body with one text replaced by another. */
const withIds =
  (...pairs: readonly (readonly [documented: string, real: string])[]) =>
  (text: string): unknown =>
    JSON.parse(pairs.reduce((changed, [from, to]) => changed.replaceAll(from, to), text))

const text = (operation: OperationId): string => JSON.stringify(examples[operation]?.request.body)

const NEVER_EXPIRES = 'kept for ever: no expiry'
const NO_SNAPSHOT = 'disks are read without a snapshot'

test('vaults: create, show, list, update, summary', async () => {
  const { id, disks } = stage.servers['web-2']
  const { policy } = await replay('CreatePolicy')
  const documentedPolicy = JSON.parse(text('CreateVault')).vault.backup_policy_id
  const created = await replay('CreateVault', {
    body: withIds(
      ['23a320a5-3efd-4568-b1aa-8dd9183cc64c', id],
      ['43a320a5-3efd-4568-b1aa-8dd9183cc64b', disks[1]],
      [documentedPolicy, policy.id],
    ),
  })
  const vault_id = created.vault.id
  await replay('ShowPolicy', { path: { policy_id: policy.id } })
  await replay('ListPolicies', { query: `?vault_id=${vault_id}` })
  await replay('UpdatePolicy', { path: { policy_id: policy.id } })
  const applied = withIds(['7075c397-25a0-43e2-a83a-bb16eaca3ee5', policy.id])
  await replay('DisassociateVaultPolicy', { path: { vault_id }, body: applied })
  await replay('AssociateVaultPolicy', { path: { vault_id }, body: applied })
  await replay('ShowVault', { path: { vault_id } })
  await replay('ListVault', { query: `?id=${vault_id}` })
  await replay('UpdateVault', { path: { vault_id } })
  await replay('BatchUpdateVault')
  await replay('ShowSummary')
  await replay('SetVaultResource', {
    path: { vault_id },
    body: text => ({ ...JSON.parse(text), resource_ids: [id] }),
  })
  const other = await stage.vault('alice', 'other')
  await replay('MigrateVaultResource', {
    path: { vault_id },
    body: withIds(['abcdde3f-e0e3-403a-b690-fc259dd70008', id], ['fe578a6c-d1a8-4790-bd52-5954af4d446c', other]),
  })
  await replay('RemoveVaultResource', {
    path: { vault_id: other },
    body: withIds(['97595625-198e-4e4d-879b-9d53f68ba551', id]),
  })
  await replay('DeleteVault', { path: { vault_id } })
  await replay('DeletePolicy', { path: { policy_id: policy.id } })
})

test('resources: added with an exclusion', async () => {
  const { id, disks } = stage.servers['web-3']
  await replay('AddVaultResource', {
    path: { vault_id: await stage.vault('alice', 'for-web-3') },
    body: withIds(['97595625-198e-4e4d-879b-9d53f68ba551', id], ['bdef09bb-293f-446a-88a4-86e9f14408c4', disks[1]]),
  })
})

test('tags: one, several, of the vault, of the project, searched, deleted', async () => {
  const vault_id = await stage.vault('alice', 'tagged')
  await replay('CreateVaultTags', { path: { vault_id } })
  await replay('BatchCreateAndDeleteVaultTags', { path: { vault_id } })
  await replay('ShowVaultTag', { path: { vault_id } })
  await replay('ShowVaultProjectTag')
  const found = await replay('ShowVaultResourceInstances', {
    body: text => ({ ...JSON.parse(text), tags: [{ key: 'string', values: ['string'] }] }),
    absent: { tags: 'the documented answer is another operation (semantics 24.1 #25)' },
  })
  assert.equal(found.total_count, 1)
  await replay('DeleteVaultTag', { path: { vault_id, key: 'key1' } })
})

test('protectables: listed and shown', async () => {
  // `detail` is the compute and volume services' own, free object.
  const absent = {
    'instances[].detail': 'free form',
    'instances[].children': 'free form',
    'instances[].protectable.vault': 'only of a bound one',
    'instances[].protectable.code': 'only of a bound one',
    'instances[].protectable.reason': 'only of a bound one',
    'instance.detail': 'free form',
    'instance.children': 'free form',
    'instance.protectable.vault': 'only of a bound one',
  }
  await replay('ListProtectable', { path: { protectable_type: 'server' }, absent })
  await replay('ShowProtectable', {
    path: { protectable_type: 'server', instance_id: stage.servers['web-2'].id },
    absent,
  })
})

test('checkpoints: created and shown', async () => {
  const { id } = stage.servers['web-3']
  const vault = (await stage.house.call('alice', 'GET', `/v3/{project_id}/vaults?resource_ids=${id}`)).body.vaults[0]
  const created = await replay('CreateCheckpoint', {
    body: withIds(['94eba8b2-acc9-4d82-badc-127144cc5526', id], ['3b5816b5-f29c-4172-9d9a-76c719a659ce', vault.id]),
  })
  await replay('ShowCheckpoint', { path: { checkpoint_id: created.checkpoint.id } })
  const logs = await stage.house.call('alice', 'GET', `/v3/{project_id}/operation-logs?vault_id=${vault.id}`)
  for (const log of logs.body.operation_logs) await stage.house.ended('alice', log.id)
})

test('backups: listed, shown, renamed, their metadata', async () => {
  const path = { backup_id: shared.id }
  await replay('ListBackups', {
    query: `?id=${shared.id}`,
    absent: { 'backups[].expired_at': NEVER_EXPIRES, 'backups[].extend_info.snapshot_id': NO_SNAPSHOT },
  })
  const absent = {
    'backup.expired_at': NEVER_EXPIRES,
    'backup.children[].extend_info.snapshot_id': NO_SNAPSHOT,
    'backup.extend_info.snapshot_id': NO_SNAPSHOT,
    'backup.children[].replication_records': 'there is no replication',
    'backup.replication_records': 'there is no replication',
    'backup.extend_info.app_consistency': 'unknown to the schema, not needed (semantics 24.3)',
    'backup.extend_info.progress': 'unknown to the schema, not needed (semantics 24.3)',
  }
  await replay('ShowBackup', { path, absent })
  await replay('ShowMetadata', { path })
  await replay('UpdateBackup', { path, absent })
  await replay('ShowStorageUsage')
})

test('members: offered, listed, shown, accepted, withdrawn', async () => {
  const path = { backup_id: shared.id }
  const member = { ...path, member_id: projects.beta }
  const added = await replay('AddMember', { path })
  assert.equal(added.count, 1)
  await replay('ShowMembersDetail', { path })
  await replay('UpdateMemberStatus', {
    person: 'bob',
    path: member,
    body: withIds(['4b27c05b-8ad7-48c6-a886-526666c035f0', await stage.vault('bob', 'incoming')]),
  })
  await replay('ShowMemberDetail', { path: member })
  await replay('ShowDomain', { person: 'bob', path: { source_project_id: projects.alpha } })
  await replay('DeleteMember', { path: member })
})

test('restore: accepted, and followed in the operation logs', async () => {
  const [root] = shared.children
  const { job_id } = await replay('RestoreBackup', {
    path: { backup_id: shared.id },
    body: withIds(
      ['5d822633-2bbf-4af8-a16e-5ab1c7705235', root?.id ?? ''],
      ['eccbcfdd-f843-4bbb-b2c0-a5ce861f9376', root?.resource_id ?? ''],
      ['94eba8b2-acc9-4d82-badc-127144cc5526', stage.servers['web-1'].id],
    ),
  })
  const log = await stage.house.ended('alice', job_id)
  assert.equal(log.status, 'success', JSON.stringify(log))
  await replay('ListOpLogs', { query: `?vault_id=${shared.vaultId}&operation_type=backup` })
  await replay('ShowOpLog', { path: { operation_log_id: shared.operationLogId } })
  await replay('UpdateExpirationTime', { path: { vault_id: shared.vaultId } })
})

test('orders: a vault ordered, expanded twice; another one made a subscription', async () => {
  const { orders } = await replay('CreatePostPaidVault')
  const [{ orderId, resourceId }] = orders
  const named = ['9dd8f8db-a926-440b-9af5-81b643618898', resourceId] as const
  const code = ['vault.backup.server.normal', 'vault.backup.database.normal'] as const
  const size = ['"resourceSize":50', '"resourceSize":100'] as const
  const change = { body: withIds(named, code, size) }
  const changed = await replay('ChangeOrder', change)
  assert.notEqual(changed.orderId, orderId)
  assert.deepEqual(await replay('ChangeOrder', change), changed)
  // Documented without a body, although its schema has one: the documented one of its twin.
  const path = `/v3/{project_id}/orders/${changed.orderId}`
  const body = withIds(named, code, ['"resourceSize":50', '"resourceSize":120'])(text('ChangeOrder'))
  const updated = await stage.house.call('alice', 'PUT', path, body)
  replayed.add('UpdateOrder')
  assert.equal(updated.status, 200, JSON.stringify(updated.body))
  assert.deepEqual(differences(examples.UpdateOrder?.response.body, updated.body, []), [])
  assert.deepEqual(problemsOf('UpdateOrder', updated.body), [])
  const { vault } = (await stage.house.call('alice', 'GET', `/v3/{project_id}/vaults/${resourceId}`)).body
  assert.deepEqual([vault.billing.size, vault.billing.order_id], [120, updated.body.orderId])
  const other = await stage.vault('alice', 'to-be-subscribed')
  await replay('ChangeVaultChargeMode', { body: withIds([named[0], other]) })
})

test('agents: registered, given paths, listed, checked, told to go', async () => {
  const { agent } = await replay('RegisterAgent')
  const path = { agent_id: agent.agent_id }
  await replay('AddAgentPath', { path })
  await replay('AddAgentPath', { path })
  await replay('ListAgent')
  await replay('ShowAgent', { path })
  await replay('CheckAgent')
  await replay('UpdateAgent', { path })
  // Documented without a body, although its schema has one.
  const url = `/v3/{project_id}/agents/${agent.agent_id}/remove-path`
  const removed = await stage.house.call('alice', 'POST', url, { remove_path: ['/opt/workspace', '/tmp'] })
  replayed.add('RemoveAgentPath')
  assert.deepEqual([removed.status, removed.body], [200, { removed: ['/opt/workspace'], not_existed: ['/tmp'] }])
  assert.equal(await replay('UnregisterAgent', { path }), undefined)
})

test('organization policies: made, listed, in detail, shown, changed, deleted', async () => {
  const { policy } = await replay('CreateOrganizationPolicy')
  const path = { organization_policy_id: policy.id }
  await replay('ListOrganizationPolicies')
  await replay('ListOrganizationPolicyDetail', { path })
  await replay('ShowOrganizationPolicy', { path })
  await replay('UpdateOrganizationPolicy', { path })
  const { body } = await stage.house.call('bob', 'GET', '/v3/{project_id}/policies')
  assert.deepEqual(
    [body.policies[0].name, body.policies[0].policy_type],
    ['policy_update_test', 'organization_policy_v2'],
  )
  await replay('DeleteOrganizationPolicy', { path })
})

test('migration: there is nothing to be moved', async () => {
  const { region } = stage.house.config
  assert.deepEqual(await replay('MigrateDomain', { absent: { 'cn-north-7': 'another region' } }), {
    [region]: 'success',
  })
  const failure = ['fail_code', 'fail_reason'].map(field => [`project_status[].${field}`, 'nothing fails'])
  await replay('ShowMigrateStatus', { query: '?all_regions=true', absent: Object.fromEntries(failure) })
})

test('features, projects, other vaults', async () => {
  await replay('ListFeatures')
  const feature = await stage.house.call('alice', 'GET', '/v3/{project_id}/cbr-features/replication.enable')
  replayed.add('ShowFeature')
  // The documented key is not the one that was asked for: a mistake of the example.
  assert.deepEqual([feature.status, typeof feature.body['replication.enable']], [200, 'boolean'])
  await replay('ShowReplicationCapabilities')
  await replay('ListProjects')
  await replay('ListDomainProjects', { path: { domain_name: 'acme' } })
  await replay('ListExternalVault', {
    query: `?external_project_id=${projects.alpha}&region_id=${stage.house.config.region}`,
  })
})

test('replication: of a backup, of a vault', async () => {
  const vault = await stage.vault('alice', 'replicas', 'replication')
  const to = withIds(
    ['68589cac08274b82b4e254268a3862d8', projects.alpha],
    ['region2', stage.house.config.region],
    ['0ca3eb86-8800-46da-9c37-9d657a825274', vault],
    ['3b5816b5-f29c-4172-9d9a-76c719a659ce', shared.vaultId],
  )
  const one = await replay('CopyBackup', { path: { backup_id: shared.id }, body: to })
  await stage.house.runner?.idle()
  const list = `/v3/{project_id}/backups?id=${shared.id}&show_replication=true`
  const [backup] = (await stage.house.call('alice', 'GET', list)).body.backups
  assert.equal(backup.replication_records[0].id, one.replication.replication_record_id)
  const { body } = await stage.house.call(
    'alice',
    'DELETE',
    `/v3/{project_id}/backups/${backup.replication_records[0].destination_backup_id}`,
  )
  assert.equal(body, undefined)
  await stage.house.runner?.idle()
  await replay('CopyCheckpoint', { body: to })
  await stage.house.runner?.idle()
})

test('synchronisation with a hybrid service, of which there is none', async () => {
  const billing = { object_type: 'vmware', protect_type: 'backup', size: 100, cloud_type: 'hybrid' }
  const made = await stage.house.call('alice', 'POST', '/v3/{project_id}/vaults', {
    vault: { name: 'hybrid', resources: [], billing },
  })
  const body = withIds(['8d3a8b28-a697-41e2-8d5d-903669f8a02d', made.body.vault.id])
  const { sync } = await replay('ImportCheckpoint', { body })
  assert.equal((await stage.house.ended('alice', sync.operation_log_id)).status, 'success')
  const [one] = (await replay('ImportBackup')).sync
  assert.equal((await stage.house.ended('alice', one.operation_log_id)).status, 'failed')
})

test('the end of a backup', async () => {
  await replay('DeleteBackup', { path: { backup_id: shared.id } })
})

test('every example of an operation that is offered has been replayed', () => {
  const offered = (Object.keys(operations) as OperationId[]).filter(id => id in examples)
  assert.deepEqual(
    offered.filter(id => !replayed.has(id)),
    [],
  )
})

test('every documented request body is accepted, further forms too', () => {
  const check = contractCheck()
  for (const id of Object.keys(operations) as OperationId[]) {
    const { request, alternatives = [] } = examples[id] ?? { request: { body: null } }
    const bodies = [request.body, ...alternatives.map(other => other.request?.body)].filter(
      body => body !== null && body !== undefined,
    )
    for (const body of bodies) assert.doesNotThrow(() => check.bodyOf(id, Buffer.from(JSON.stringify(body))), id)
  }
})
