/** Scenarios of the vendor's SDK beyond vaults and backups: subscriptions, agents, policies of organizations, migrations. */
import assert from 'node:assert/strict'
import { type Bridge, Refused } from './python-bridge.ts'
import { alice, inventory, REGION } from './stage.ts'
import { until } from './until.ts'

export const refused = (status: number) => (error: unknown) => error instanceof Refused && error.status === status

const SUBSCRIPTION = {
  charging_mode: 'pre_paid',
  period_type: 'month',
  period_num: 1,
  object_type: 'disk',
  protect_type: 'backup',
  consistent_level: 'crash_consistent',
  size: 100,
}

/** Orders are free and carried out at once. */
export async function orders(sdk: Bridge): Promise<void> {
  const vault = { name: 'subscribed', billing: SUBSCRIPTION, resources: [] }
  const ordered = await sdk.call('CreatePostPaidVault', { body: { vault } })
  const { resourceId } = ordered.orders[0]
  const product = {
    product_id: '00301-34090-0--0',
    resource_size_measure_id: 17,
    resource_spec_code: 'vault.backup.volume.normal',
  }
  const larger = { resource_id: resourceId, product_info: { ...product, resource_size: 200 } }
  const { orderId } = await sdk.call('ChangeOrder', { body: larger })
  const largest = {
    productId: '00301-34090-0--0',
    resourceSizeMeasureId: 17,
    resourceSpecCode: 'vault.backup.volume.normal',
  }
  const update = { resourceId, productInfo: { ...largest, resourceSize: 300 } }
  await sdk.call('UpdateOrder', { order_id: orderId, body: update })
  const { vault: grown } = await sdk.call('ShowVault', { vault_id: resourceId })
  assert.deepEqual([grown.billing.size, grown.billing.charging_mode], [300, 'pre_paid'])
  const plain = { name: 'unsubscribed', billing: { ...SUBSCRIPTION, charging_mode: 'post_paid' }, resources: [] }
  const { id } = (await sdk.call('CreateVault', { body: { vault: plain } })).vault
  const mode = { vault_ids: [id], charging_mode: 'pre_paid', period_type: 'month', period_num: 1 }
  await sdk.call('ChangeVaultChargeMode', { body: mode })
  for (const vault_id of [resourceId, id])
    await assert.rejects(
      sdk.call('DeleteVault', { vault_id }),
      { code: 'BackupService.6111' },
      'a subscription has to end',
    )
}

export async function migrations(sdk: Bridge): Promise<void> {
  await sdk.call('MigrateDomain', { body: { all_regions: false, reservation: 0.2 } })
  assert.equal((await sdk.call('ShowMigrateStatus', { all_regions: false })).status, 'success')
}

export async function agents(sdk: Bridge): Promise<void> {
  const agent_id = crypto.randomUUID()
  const host = { host_ip: '192.0.2.7', host_name: 'files-01', host_os: 'linux' }
  const agent = { agent_id, ...host, agent_type: 'native', agent_version: '1.0.0' }
  assert.equal((await sdk.call('RegisterAgent', { body: { agent } })).agent.agent_id, agent_id)
  assert.equal((await sdk.call('ListAgent')).count, 1)
  const added = await sdk.call('AddAgentPath', { agent_id, body: { add_path: ['/srv', '/home'] } })
  assert.deepEqual(added.added.toSorted(), ['/home', '/srv'])
  const removed = await sdk.call('RemoveAgentPath', { agent_id, body: { remove_path: ['/home'] } })
  assert.deepEqual(removed.removed, ['/home'])
  assert.equal((await sdk.call('ShowAgent', { agent_id })).agent.host_name, 'files-01')
  const asked = [{ resource_id: inventory.server, resource_type: 'OS::Nova::Server', resource_name: 'web' }]
  const checked = await sdk.call('CheckAgent', { body: { agent_status: asked } })
  assert.equal(typeof checked.agent_status[0].code, 'number')
  await sdk.call('UpdateAgent', { agent_id, body: { agent: { status: 'uninstall' } } })
  await sdk.call('UnregisterAgent', { agent_id })
  await assert.rejects(sdk.call('ShowAgent', { agent_id }), refused(404))
}

const ORGANIZATION_POLICY = {
  name: 'everywhere',
  operation_type: 'backup',
  policy_name: 'from-above',
  policy_enabled: false,
  policy_operation_definition: { max_backups: 5, timezone: 'UTC+08:00' },
  policy_trigger: { properties: { pattern: ['FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=14;BYMINUTE=00'] } },
}

export async function organizationPolicies(sdk: Bridge): Promise<void> {
  const { policy } = await sdk.call('CreateOrganizationPolicy', { body: { policy: ORGANIZATION_POLICY } })
  const named = { organization_policy_id: policy.id }
  assert.equal((await sdk.call('ListOrganizationPolicies', { operation_type: 'backup' })).count, 1)
  assert.equal((await sdk.call('ShowOrganizationPolicy', named)).policy.name, 'everywhere')
  await sdk.call('ListOrganizationPolicyDetail', named)
  const { operation_type: _, ...rest } = ORGANIZATION_POLICY
  const changed = await sdk.call('UpdateOrganizationPolicy', {
    ...named,
    body: { policy: { ...rest, name: 'renamed' } },
  })
  assert.equal(changed.policy.name, 'renamed')
  await sdk.call('DeleteOrganizationPolicy', named)
  await assert.rejects(sdk.call('ShowOrganizationPolicy', named), refused(404))
}

/** A backup by itself, then all that are left in its vault; within the region, as the stage's service is set. */
export async function replication(sdk: Bridge): Promise<void> {
  const billing = { object_type: 'server', size: 100, consistent_level: 'crash_consistent' }
  const resources = [{ id: inventory.server, type: 'OS::Nova::Server' }]
  const vaultOf = async (name: string, protect_type: string, of: object[]): Promise<string> => {
    const vault = { name, billing: { ...billing, protect_type }, resources: of }
    return (await sdk.call('CreateVault', { body: { vault } })).vault.id
  }
  const source = await vaultOf('originals', 'backup', resources)
  const target = await vaultOf('replicas', 'replication', [])
  const destination = {
    destination_region: REGION,
    destination_project_id: alice.projectId,
    destination_vault_id: target,
  }
  const backedUp = (vault_id: string, count: number) =>
    until(
      () => sdk.call('ListBackups', { vault_id, status: 'available' }),
      answer => answer.count === count,
    )
  const backUp = (name: string) =>
    sdk.call('CreateCheckpoint', { body: { checkpoint: { vault_id: source, parameters: { name } } } })
  await backUp('one')
  const { backups } = await backedUp(source, 1)
  const copy = { ...destination, name: 'copy', description: '' }
  const { replication: begun } = await sdk.call('CopyBackup', { backup_id: backups[0].id, body: { replicate: copy } })
  assert.equal(begun.backup_id, backups[0].id)
  await backedUp(target, 1)
  await backUp('two')
  await backedUp(source, 2)
  await sdk.call('CopyCheckpoint', { body: { replicate: { vault_id: source, ...destination } } })
  const replicas = await backedUp(target, 2)
  for (const { image_type } of replicas.backups) assert.equal(image_type, 'replication')
  for (const vault_id of [target, source]) await sdk.call('DeleteVault', { vault_id })
}
