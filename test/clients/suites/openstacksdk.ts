/** openstacksdk with otcextensions in a program: shares between two accounts, and all else that the library can do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOpenstackSdk } from '../openstack.ts'
import { type Bridge, Refused } from '../python-bridge.ts'
import { alice, bob, inventory, setStage } from '../stage.ts'
import { until } from '../until.ts'

const BILLING = { object_type: 'disk', protect_type: 'backup', size: 100, consistent_level: 'crash_consistent' }

test('openstacksdk: a backup is shared, accepted, handed back and revoked', async () => {
  await using stage = await setStage('openstacksdk')
  await using owner = await openOpenstackSdk(stage, alice)
  await using recipient = await openOpenstackSdk(stage, bob)
  const backup = await makeBackup(owner)
  const [offered] = await owner.call('add_members', { words: [backup, [bob.projectId]] })
  assert.deepEqual([offered.status, offered.dest_project_id], ['pending', bob.projectId])
  assert.equal((await owner.call('members', { words: [backup] })).length, 1)
  assert.equal((await recipient.call('get_member', { words: [backup, bob.projectId] })).status, 'pending')
  const vault = await recipient.call('create_vault', { name: 'received', billing: BILLING, resources: [] })
  const accepted = await recipient.call('update_member', { words: [backup, bob.projectId, 'accepted', vault.id] })
  assert.deepEqual([accepted.status, accepted.vault_id], ['accepted', vault.id])
  assert.equal((await recipient.call('get_backup', { words: [backup] })).vault_id, vault.id)
  // Its update always sends a vault: handing back goes with one as well, which is not looked at.
  await recipient.call('update_member', { words: [backup, bob.projectId, 'rejected', vault.id] })
  await assert.rejects(recipient.call('get_backup', { words: [backup] }), refusedWith(404))
  await owner.call('delete_member', { words: [backup, bob.projectId] })
  assert.deepEqual(await owner.call('members', { words: [backup] }), [])
  await assert.rejects(owner.call('get_member', { words: [backup, bob.projectId] }), refusedWith(404))
})

test('openstacksdk: vaults, policies, restores and tasks', async () => {
  await using stage = await setStage('openstacksdk.rest')
  await using cbr = await openOpenstackSdk(stage, alice)
  const policy = await cbr.call('create_policy', {
    name: 'nightly',
    operation_type: 'backup',
    operation_definition: { max_backups: 5, timezone: 'UTC+00:00' },
    trigger: { properties: { pattern: ['FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30'] } },
  })
  assert.equal((await cbr.call('update_policy', { words: [policy.id], name: 'at-night' })).name, 'at-night')
  assert.equal((await cbr.call('find_policy', { words: ['at-night'] })).id, policy.id)
  assert.equal((await cbr.call('policies')).length, 1)
  const backup = await makeBackup(cbr)
  const { vault_id: vault } = await cbr.call('find_backup', { words: [backup] })
  await cbr.call('bind_policy', { words: [vault, policy.id] })
  await cbr.call('unbind_policy', { words: [vault, policy.id] })
  assert.equal((await cbr.call('update_vault', { words: [vault], name: 'renamed' })).name, 'renamed')
  assert.equal((await cbr.call('find_vault', { words: ['renamed'] })).id, vault)
  await cbr.call('restore_data', { words: [backup], volume_id: inventory.disk })
  const tasks = await until(
    () => cbr.call('tasks'),
    found => found.every(({ status }: { status: string }) => status === 'success'),
  )
  assert.equal((await cbr.call('get_task', { words: [tasks[0].id] })).status, 'success')
  await cbr.call('dissociate_resources', { words: [vault, [inventory.disk]] })
  await cbr.call('delete_vault', { words: [vault] })
  await cbr.call('delete_policy', { words: [policy.id] })
  await assert.rejects(cbr.call('get_policy', { words: [policy.id] }), refusedWith(404))
})

const refusedWith = (status: number) => (error: unknown) => error instanceof Refused && error.status === status

/** In a fresh vault; answers the backup's id. */
async function makeBackup(cbr: Bridge): Promise<string> {
  const vault = await cbr.call('create_vault', { name: 'disks', billing: BILLING, resources: [] })
  await cbr.call('associate_resources', { words: [vault.id, [{ id: inventory.disk, type: 'OS::Cinder::Volume' }]] })
  const checkpoint = await cbr.call('create_checkpoint', { vault_id: vault.id, parameters: { name: 'by-program' } })
  await until(
    () => cbr.call('get_checkpoint', { words: [checkpoint.id] }),
    ({ status }) => status === 'available',
  )
  const [backup] = await cbr.call('backups', { checkpoint_id: checkpoint.id })
  return backup.id
}
