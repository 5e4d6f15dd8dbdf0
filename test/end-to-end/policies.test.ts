/** What policies, bind rules and expansion do to vaults, as a client meets it: over HTTP, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { GIB } from '../../src/contract/sizes.ts'
import { openHouse, type TestHouse } from '../house.ts'

const clock = { at: new Date('2026-11-23T12:00:00Z') }
let house: TestHouse
before(async () => {
  house = await openHouse({ now: () => clock.at })
})
after(() => house.close())

/** The answer's body, which must have come with this status. */
async function ok(status: number, method: string, path: string, body?: unknown) {
  const answer = await house.call('alice', method, path.startsWith('/') ? path : `/v3/{project_id}/${path}`, body)
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  return answer.body
}

/** Moves the clock on; what was due meanwhile has been done to the end when it resolves. */
async function pass(hours: number): Promise<void> {
  clock.at = new Date(clock.at.getTime() + hours * 60 * 60 * 1000)
  await house.schedule?.look()
  await house.runner?.idle()
}

async function newDisk(metadata: Readonly<Record<string, string>> = {}): Promise<string> {
  const { volume } = await ok(202, 'POST', '/volume/v3/{project_id}/volumes', {
    volume: { name: 'v', size: 1, metadata },
  })
  await house.runner?.idle()
  return volume.id
}

interface Made {
  readonly id: string
  readonly end: () => Promise<unknown>
}

/** A vault for disks with a policy that runs every two hours, on the hour. */
async function newVault(given: object, diskIds: readonly string[] = [], size = 1000): Promise<Made> {
  const pattern = ['FREQ=DAILY;BYHOUR=0,2,4,6,8,10,12,14,16,18,20,22;BYMINUTE=0']
  const { policy } = await ok(200, 'POST', 'policies', {
    policy: {
      name: 'often',
      operation_type: 'backup',
      operation_definition: { max_backups: 20 },
      trigger: { properties: { pattern } },
    },
  })
  const billing = { object_type: 'disk', protect_type: 'backup', consistent_level: 'crash_consistent', size }
  const resources = diskIds.map(id => ({ id, type: 'OS::Cinder::Volume' }))
  const { vault } = await ok(200, 'POST', 'vaults', {
    vault: { name: 'vault', billing, resources, backup_policy_id: policy.id, ...given },
  })
  return { id: vault.id, end: () => ok(204, 'DELETE', `vaults/${vault.id}`).then(() => house.runner?.idle()) }
}

const vaultOf = async (id: string) => (await ok(200, 'GET', `vaults/${id}`)).vault
const resourcesOf = async (id: string): Promise<readonly string[]> =>
  (await vaultOf(id)).resources.map((resource: { id: string }) => resource.id).sort()
/** How many backups of each disk the vault holds. */
async function counts(vaultId: string, diskIds: readonly string[]): Promise<readonly number[]> {
  const { backups } = await ok(200, 'GET', `backups?vault_id=${vaultId}&status=available`)
  return diskIds.map(id => backups.filter((backup: { resource_id: string }) => backup.resource_id === id).length)
}

test('a vault that binds by tags takes what has one of them, when its policy runs; afterwards it keeps it', async () => {
  const [blue, prod, red] = [
    await newDisk({ team: 'blue' }),
    await newDisk({ stage: 'prod' }),
    await newDisk({ team: 'red' }),
  ]
  const tags = [
    { key: 'team', value: 'blue' },
    { key: 'stage', value: 'prod' },
  ]
  const vault = await newVault({ auto_bind: true, bind_rules: { tags } })
  assert.deepEqual(await resourcesOf(vault.id), [], 'nothing is bound before the policy runs')
  await pass(2)
  assert.deepEqual(await resourcesOf(vault.id), [blue, prod].sort())
  assert.deepEqual(await counts(vault.id, [blue, prod, red]), [1, 1, 0])

  const { vault: off } = await ok(200, 'PUT', `vaults/${vault.id}`, {
    vault: { auto_bind: false, bind_rules: { tags: [] } },
  })
  assert.deepEqual([off.auto_bind, off.resources.length], [false, 2])
  const late = await newDisk({ team: 'blue' })
  await pass(2)
  assert.deepEqual(await resourcesOf(vault.id), [blue, prod].sort(), 'what is bound stays, what is not is not')
  assert.deepEqual(await counts(vault.id, [blue, prod, red, late]), [2, 2, 0, 0])

  await ok(200, 'PUT', `vaults/${vault.id}`, { vault: { auto_bind: true } })
  await pass(2)
  const all = await resourcesOf(vault.id)
  for (const id of [blue, prod, red, late]) assert.ok(all.includes(id), 'without rules everything is taken')
  await vault.end()
})

test('a resource whose automatic backup is off is left out by the policy, and nothing else happens to it', async () => {
  const [kept, out] = [await newDisk(), await newDisk()]
  const vault = await newVault({}, [kept, out])
  await pass(2)
  assert.deepEqual(await counts(vault.id, [kept, out]), [1, 1])
  const set = (action: string) => ok(200, 'PUT', `vaults/${vault.id}/set-resources`, { resource_ids: [out], action })
  await set('unsuspend')
  await pass(2)
  assert.deepEqual(await counts(vault.id, [kept, out]), [2, 1])
  const row = (await vaultOf(vault.id)).resources.find(({ id }: { id: string }) => id === out)
  assert.deepEqual([row.auto_protect, row.backup_count, row.protect_status], [false, 1, 'available'])
  const { operation_logs: logs } = await ok(200, 'GET', `operation-logs?vault_id=${vault.id}&resource_id=${out}`)
  assert.deepEqual(
    logs.map(({ status }: { status: string }) => status),
    ['success'],
  )

  // By hand it is backed up as ever.
  await ok(200, 'POST', 'checkpoints', { checkpoint: { vault_id: vault.id, parameters: { resources: [out] } } })
  await house.runner?.idle()
  assert.deepEqual(await counts(vault.id, [kept, out]), [2, 2])
  await set('suspend')
  await pass(2)
  assert.deepEqual(await counts(vault.id, [kept, out]), [3, 3])
  await vault.end()
})

test('expansion switched on in a vault that is full waits until more is used', async () => {
  const [{ id: disk }] = (await ok(200, 'GET', 'protectables/disk/instances?name=db-01-data')).instances
  const vault = await newVault({}, [disk], 10)
  const charge = (bytes: number) => house.ports.catalog.change(({ vaults }) => vaults.charge(vault.id, bytes))
  const size = async () => (await vaultOf(vault.id)).billing.size
  await charge(10 * GIB)
  await ok(200, 'PUT', `vaults/${vault.id}`, { vault: { auto_expand: true } })
  assert.equal(await size(), 10)
  const refused = await ok(400, 'POST', 'checkpoints', { checkpoint: { vault_id: vault.id } })
  assert.equal(refused.error_code, 'BackupService.6114')
  await pass(2)
  const path = `operation-logs?vault_id=${vault.id}&status=failed`
  const [failed] = (await ok(200, 'GET', path)).operation_logs
  assert.equal(failed.error_info.code, 'BackupService.6114')
  assert.deepEqual([await size(), await counts(vault.id, [disk])], [10, [0]])

  // Room for a backup to begin, and none for what it brings.
  await charge(-1)
  await pass(2)
  assert.deepEqual([await size(), await counts(vault.id, [disk])], [13, [1]])
  await charge(-10 * GIB + 1)
  await vault.end()
})
