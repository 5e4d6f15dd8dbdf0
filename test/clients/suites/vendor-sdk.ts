/** Every operation, through the vendor's Python SDK, signed with the access keys of two accounts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause, setTimeout as sleep } from 'node:timers/promises'
import { operations } from '../../../src/contract/operations.gen.ts'
import { type Answer, type Bridge, Refused } from '../python-bridge.ts'
import { agents, migrations, orders, organizationPolicies, refused, replication } from '../sdk-operations.ts'
import { alice, bob, DOMAIN, inventory, REGION, type Stage, setStage } from '../stage.ts'
import { until } from '../until.ts'
import { openVendorSdk } from '../vendor-sdk.ts'

const BILLING = { object_type: 'disk', protect_type: 'backup', size: 100, consistent_level: 'crash_consistent' }
const PATTERN = ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=14;BYMINUTE=00']

test("the vendor's Python SDK: every operation", async t => {
  await using stage = await setStage('vendor-sdk')
  await using owner = await openVendorSdk(stage, alice)
  await using recipient = await openVendorSdk(stage, bob)
  await t.test('vaults and resources', () => vaults(owner))
  await t.test('tags', () => tags(owner))
  await t.test('policies', () => policies(owner))
  await t.test('backups and restores', () => backups(owner))
  await t.test('servers', () => serverBackups(owner))
  await t.test('sharing', () => sharing(owner, recipient))
  await t.test('what can be protected, features, projects', () => questions(owner))
  await t.test('replication', () => replication(owner))
  await t.test('imports', () => imports(owner))
  await t.test('migrations', () => migrations(owner))
  await t.test('agents', () => agents(owner))
  await t.test('organizations', () => organizationPolicies(owner))
  await t.test('deletions', () => deletions(owner))
  await t.test('subscriptions', () => orders(owner))
  await t.test('none is left out', async () => {
    // Calls are known by their lines in the log, which come a moment after the answers.
    for (let tries = 0; tries < 100 && missing(stage).length > 0; tries += 1) await sleep(20)
    assert.deepEqual(missing(stage), [])
  })
})

const missing = (stage: Stage): readonly string[] => {
  const called = new Set(stage.calls.map(({ operation }) => operation))
  return Object.keys(operations).filter(operation => !called.has(operation))
}

const newVault = async (sdk: Bridge, name: string, more: object = {}): Promise<string> => {
  const answer = await sdk.call('CreateVault', { body: { vault: { name, billing: BILLING, resources: [], ...more } } })
  return answer.vault.id
}

const vaultNamed = async (sdk: Bridge, name: string): Promise<Answer> =>
  (await sdk.call('ListVault', { name })).vaults[0]

const disk = (id: string) => ({ id, type: 'OS::Cinder::Volume' })

async function vaults(sdk: Bridge): Promise<void> {
  const id = await newVault(sdk, 'disks', { description: 'of all machines' })
  const other = await newVault(sdk, 'other-disks')
  const changed = await sdk.call('UpdateVault', { vault_id: id, body: { vault: { billing: { size: 200 } } } })
  assert.equal(changed.vault.billing.size, 200)
  const resources = [disk(inventory.disk), disk(inventory.otherDisk)]
  const added = await sdk.call('AddVaultResource', { vault_id: id, body: { resources } })
  assert.deepEqual(added.add_resource_ids.toSorted(), resources.map(each => each.id).sort())
  await sdk.call('SetVaultResource', { vault_id: id, body: { resource_ids: [inventory.disk], action: 'suspend' } })
  await sdk.call('SetVaultResource', { vault_id: id, body: { resource_ids: [inventory.disk], action: 'unsuspend' } })
  const moved = { resource_ids: [inventory.otherDisk], destination_vault_id: other }
  const { migrated_resources } = await sdk.call('MigrateVaultResource', { vault_id: id, body: moved })
  assert.deepEqual(migrated_resources, [inventory.otherDisk])
  await sdk.call('RemoveVaultResource', { vault_id: other, body: { resource_ids: [inventory.otherDisk] } })
  const batch = await sdk.call('BatchUpdateVault', { body: { vault: { smn_notify: false, threshold: 60 } } })
  assert.deepEqual(batch.updated_vaults_id.toSorted(), [id, other].sort())
  const { vault } = await sdk.call('ShowVault', { vault_id: id })
  assert.deepEqual([vault.resources.length, vault.threshold, vault.billing.size], [1, 60, 200])
  assert.equal((await sdk.call('ShowSummary')).vault_num ?? 2, 2)
  const external = await sdk.call('ListExternalVault', { external_project_id: alice.projectId, region_id: REGION })
  assert.equal(external.count, 2)
}

async function tags(sdk: Bridge): Promise<void> {
  const { id } = await vaultNamed(sdk, 'disks')
  const team = { key: 'team', value: 'data and storage+' }
  await sdk.call('CreateVaultTags', { vault_id: id, body: { tag: team } })
  const many = { action: 'create', tags: [{ key: 'tier', value: 'gold' }] }
  await sdk.call('BatchCreateAndDeleteVaultTags', { vault_id: id, body: many })
  assert.equal((await sdk.call('ShowVaultTag', { vault_id: id })).tags.length, 2)
  assert.equal((await sdk.call('ShowVaultProjectTag')).tags.length, 2)
  const filter = { action: 'filter', tags: [{ key: team.key, values: [team.value] }] }
  const found = await sdk.call('ShowVaultResourceInstances', { body: filter })
  assert.deepEqual([found.total_count, found.resources[0].resource_id], [1, id])
  await sdk.call('DeleteVaultTag', { vault_id: id, key: 'tier' })
  assert.deepEqual((await sdk.call('ShowVaultTag', { vault_id: id })).tags, [team])
}

async function policies(sdk: Bridge): Promise<void> {
  const { id: vaultId } = await vaultNamed(sdk, 'disks')
  const wanted = {
    name: 'daily',
    operation_type: 'backup',
    operation_definition: { max_backups: 5, timezone: 'UTC+08:00' },
    trigger: { properties: { pattern: PATTERN } },
  }
  const { policy } = await sdk.call('CreatePolicy', { body: { policy: wanted } })
  const changed = await sdk.call('UpdatePolicy', { policy_id: policy.id, body: { policy: { name: 'every-day' } } })
  assert.equal(changed.policy.name, 'every-day')
  assert.deepEqual((await sdk.call('ShowPolicy', { policy_id: policy.id })).policy.operation_definition.max_backups, 5)
  await sdk.call('AssociateVaultPolicy', { vault_id: vaultId, body: { policy_id: policy.id } })
  const bound = await sdk.call('ListPolicies', { vault_id: vaultId })
  assert.deepEqual(
    bound.policies.map(({ id }: { id: string }) => id),
    [policy.id],
  )
  await sdk.call('DisassociateVaultPolicy', { vault_id: vaultId, body: { policy_id: policy.id } })
  await sdk.call('DeletePolicy', { policy_id: policy.id })
  await assert.rejects(sdk.call('ShowPolicy', { policy_id: policy.id }), refused(404))
}

async function makeBackup(sdk: Bridge, vaultId: string, name: string): Promise<Answer> {
  const wanted = { checkpoint: { vault_id: vaultId, parameters: { name, auto_trigger: false, incremental: true } } }
  const { checkpoint } = await sdk.call('CreateCheckpoint', { body: wanted })
  await until(
    () => sdk.call('ShowCheckpoint', { checkpoint_id: checkpoint.id }),
    answer => answer.checkpoint.status === 'available',
  )
  const { backups: made } = await sdk.call('ListBackups', { checkpoint_id: checkpoint.id })
  assert.equal(made.length, 1)
  return made[0]
}

const backupNamed = async (sdk: Bridge, name: string): Promise<Answer> =>
  (await sdk.call('ListBackups', { name })).backups[0]

async function backups(sdk: Bridge): Promise<void> {
  const { id: vaultId } = await vaultNamed(sdk, 'disks')
  const made = await makeBackup(sdk, vaultId, 'first')
  const renamed = await sdk.call('UpdateBackup', { backup_id: made.id, body: { backup: { name: 'renamed' } } })
  assert.equal(renamed.backup.name, 'renamed')
  assert.equal((await sdk.call('ShowBackup', { backup_id: made.id })).backup.status, 'available')
  await assert.rejects(sdk.call('ShowMetadata', { backup_id: made.id }), refused(400), 'servers alone have them')
  const restore = { restore: { volume_id: inventory.disk } }
  const { job_id } = await sdk.call('RestoreBackup', { backup_id: made.id, body: restore })
  await until(
    () => sdk.call('ShowOpLog', { operation_log_id: job_id }),
    ({ operation_log }) => operation_log.status === 'success',
  )
  const logs = await sdk.call('ListOpLogs', { operation_type: 'restore' })
  assert.deepEqual([logs.count, logs.operation_logs[0].id], [1, job_id])
  const usage = await sdk.call('ShowStorageUsage', { resource_id: inventory.disk })
  assert.equal(usage.storage_usage[0].resource_id, inventory.disk)
  const expiry = { expect_expiration_date: '2031-01-01', time_zone: 'UTC+08:00' }
  const later = await sdk.call('UpdateExpirationTime', { vault_id: vaultId, body: expiry })
  assert.equal(typeof later.operation_log_id, 'string')
}

async function serverBackups(sdk: Bridge): Promise<void> {
  const resources = [{ id: inventory.server, type: 'OS::Nova::Server' }]
  const vaultId = await newVault(sdk, 'servers', { billing: { ...BILLING, object_type: 'server' }, resources })
  const { id } = await makeBackup(sdk, vaultId, 'whole')
  const { backup } = await sdk.call('ShowBackup', { backup_id: id })
  assert.equal(backup.children.length, 2)
  const metadata = await sdk.call('ShowMetadata', { backup_id: id })
  assert.deepEqual([metadata.backup_id, JSON.parse(metadata.backups).id], [id, id])
  await sdk.call('DeleteVault', { vault_id: vaultId })
}

async function sharing(owner: Bridge, recipient: Bridge): Promise<void> {
  const { id: backup_id } = await backupNamed(owner, 'renamed')
  const member = { backup_id, member_id: bob.projectId }
  const { members } = await owner.call('AddMember', { backup_id, body: { members: [bob.projectId] } })
  assert.deepEqual([members[0].status, members[0].dest_project_id], ['pending', bob.projectId])
  await nextSecond() // a signed request that changes something is taken once, and its date has no milliseconds
  const again = owner.call('AddMember', { backup_id, body: { members: [bob.projectId] } })
  await assert.rejects(again, { status: 400, code: 'BackupService.6703' })
  const { id: vault_id } = (await recipient.call('CreateVault', { body: { vault: received } })).vault
  const accepted = { status: 'accepted', vault_id }
  assert.equal((await recipient.call('UpdateMemberStatus', { ...member, body: accepted })).member.vault_id, vault_id)
  assert.equal((await recipient.call('ShowMemberDetail', member)).member.status, 'accepted')
  assert.equal((await owner.call('ShowMembersDetail', { backup_id })).count, 1)
  const { domain } = await recipient.call('ShowDomain', { source_project_id: alice.projectId })
  assert.equal((domain ?? { name: DOMAIN }).name, DOMAIN)
  await recipient.call('UpdateMemberStatus', { ...member, body: { status: 'rejected' } })
  await owner.call('DeleteMember', member)
  await assert.rejects(recipient.call('ShowBackup', { backup_id }), refused(404))
}

const nextSecond = () => pause(1000)

const received = { name: 'received', billing: BILLING, resources: [] }

async function questions(sdk: Bridge): Promise<void> {
  const servers = await sdk.call('ListProtectable', { protectable_type: 'server' })
  assert.equal(servers.instances[0].id, inventory.server)
  const one = { protectable_type: 'disk', instance_id: inventory.disk }
  assert.equal((await sdk.call('ShowProtectable', one)).instance.id, inventory.disk)
  await sdk.call('ShowReplicationCapabilities')
  await sdk.call('ListFeatures')
  await sdk.call('ShowFeature', { feature_key: 'replication.enable' })
  await sdk.call('ListProjects')
  await sdk.call('ListDomainProjects', { domain_name: DOMAIN })
}

/** There is no hybrid service to import from: no vault takes part, and no backup can be brought. */
async function imports(sdk: Bridge): Promise<void> {
  const vault_id = await newVault(sdk, 'no-hybrid')
  const backup = {
    ...{ backup_id: crypto.randomUUID(), backup_name: 'b', bucket_name: 'b', image_path: 'p', created_at: 1553587260 },
    ...{ resource_id: crypto.randomUUID(), resource_name: 'r', resource_type: 'OS::Native::Server' },
  }
  for (const [operation, sync] of [
    ['ImportCheckpoint', { vault_id, auto_trigger: false }],
    ['ImportBackup', [backup]],
  ] as const) {
    const status = await sdk.call(operation, { body: { sync } }).then(
      () => 200,
      (error: unknown) => (error instanceof Refused ? error.status : 500),
    )
    assert.ok(status < 500, `${operation}: ${status}`)
  }
  await sdk.call('DeleteVault', { vault_id })
}

async function deletions(sdk: Bridge): Promise<void> {
  const backup = await backupNamed(sdk, 'renamed')
  await sdk.call('DeleteBackup', { backup_id: backup.id })
  await until(
    () => sdk.call('ListBackups'),
    answer => answer.count === 0,
  )
  for (const name of ['disks', 'other-disks'])
    await sdk.call('DeleteVault', { vault_id: (await vaultNamed(sdk, name)).id })
  await until(
    () => sdk.call('ListVault'),
    answer => answer.count === 0,
  )
}
