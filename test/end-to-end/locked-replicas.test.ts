/** Replicas in a vault that is locked: what a policy has brought there goes when it expires, and not before. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Answer, openHouse, projects, type TestHouse } from '../house.ts'
import { aVault, backUp, type Destination, replicate, write } from '../replication-ground.ts'

const HOUR = 60 * 60 * 1000
const clock = { at: new Date('2026-11-23T12:00:00Z') }
let house: TestHouse
let source: string
let target: Destination
before(async () => {
  house = await openHouse({
    now: () => clock.at,
    environment: {
      OPENCBR_REPLICATION_WITHIN_REGION: 'true',
      OPENCBR_IDENTITY_EMBEDDED_TOKEN_SECONDS: '31536000',
    },
    more: { roles: { alice: { beta: ['CBR FullAccess'] } } },
  })
  source = await aVault(house, 'alice', 'backup')
  target = { region: 'local-1', project: projects.beta, vault: await aVault(house, 'bob', 'replication') }
  const locked = await bob('PUT', `vaults/${target.vault}`, { vault: { locked: true } })
  assert.deepEqual([locked.status, locked.body.vault.locked], [200, true])
})
after(() => house.close())

const bob = (method: string, path: string, body?: unknown) =>
  house.call('bob', method, `/v3/{project_id}/${path}`, body)
const codeOf = ({ status, body }: Answer): string => `${status} ${body?.error_code}`

async function alice(method: string, path: string, body: object): Promise<Answer['body']> {
  const answer = await house.call('alice', method, `/v3/{project_id}/${path}`, body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** Moves the clock on; what is due then has been done to the end when it resolves. */
async function pass(hours: number): Promise<void> {
  clock.at = new Date(clock.at.getTime() + hours * HOUR)
  await house.schedule?.look()
  await house.runner?.idle()
  await house.schedule?.sweep()
  await house.runner?.idle()
}

async function newBackup(): Promise<string> {
  await write(house.diskFiles[1], 2 ** 20, randomBytes(256 * 1024))
  return (await backUp(house, source)).id
}

/** Oldest first. */
async function replicas(): Promise<Answer['body'][]> {
  const { body } = await bob('GET', `backups?vault_id=${target.vault}&image_type=replication&sort=created_at:asc`)
  return body.backups
}

const used = async () => (await bob('GET', `vaults/${target.vault}`)).body.vault.billing.used

/** Whatever the catalog said, the store would not let the bytes go. */
async function assertHeld(replica: Answer['body']): Promise<void> {
  for (const { id } of replica.children)
    await assert.rejects(house.datastore.removeManifest({ realm: projects.beta, id }), { kind: 'denied' })
}

test('by a policy with an age: nobody deletes it before, the sweep does afterwards, but for the newest', async () => {
  const operation_definition = {
    retention_duration_days: 2,
    destination_region: target.region,
    destination_project_id: target.project,
  }
  const trigger = { properties: { pattern: ['FREQ=DAILY;BYHOUR=13;BYMINUTE=0'] } }
  const { policy } = await alice('POST', 'policies', {
    policy: { name: 'copies', operation_type: 'replication', operation_definition, trigger },
  })
  await alice('POST', `vaults/${source}/associatepolicy`, { policy_id: policy.id, destination_vault_id: target.vault })
  const oldest = await newBackup()
  await pass(1)
  const [first] = await replicas()
  assert.deepEqual([first.extend_info.auto_trigger, first.expired_at], [true, '2026-11-25T13:00:00.000+00:00'])
  assert.equal(codeOf(await bob('DELETE', `backups/${first.id}`)), '400 BackupService.6220')
  assert.equal(codeOf(await bob('DELETE', `vaults/${target.vault}`)), '400 BackupService.6111')
  await assertHeld(first)

  // The source and the policy are the other project's, and may go.
  await newBackup()
  await pass(24)
  assert.equal((await replicas()).length, 2)
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/backups/${oldest}`)).status, 204)
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/policies/${policy.id}`)).status, 204)
  await pass(23)
  assert.equal((await replicas()).length, 2, 'an hour is left')
  await assertHeld(first)
  const before = await used()
  await pass(1)
  const [second, ...more] = await replicas()
  assert.deepEqual([second.expired_at, more], ['2026-11-26T13:00:00.000+00:00', []])
  assert.ok((await used()) <= before)
  for (const { id } of first.children)
    await assert.rejects(house.datastore.open({ realm: projects.beta, id }), { kind: 'missing' })
  await pass(48)
  assert.deepEqual(
    (await replicas()).map(({ id }) => id),
    [second.id],
    'the newest good one outlives its expiry',
  )
})

test('by a policy with a number: none goes, since none expires', async () => {
  const [before] = await replicas()
  const operation_definition = {
    max_backups: 1,
    destination_region: target.region,
    destination_project_id: target.project,
  }
  const trigger = { properties: { pattern: ['FREQ=DAILY;BYHOUR=14;BYMINUTE=0'] } }
  const { policy } = await alice('POST', 'policies', {
    policy: { name: 'copies', operation_type: 'replication', operation_definition, trigger },
  })
  await alice('POST', `vaults/${source}/associatepolicy`, { policy_id: policy.id, destination_vault_id: target.vault })
  for (const hours of [1, 24]) {
    await newBackup()
    await pass(hours)
  }
  const [one, other, ...more] = await replicas()
  assert.deepEqual(more, [])
  assert.ok(one.id !== before.id && other.id !== before.id, 'the expired one has gone for a newer one')
  assert.deepEqual([one.expired_at, other.expired_at], [undefined, undefined])
  for (const replica of [one, other]) {
    await assertHeld(replica)
    assert.equal(codeOf(await bob('DELETE', `backups/${replica.id}`)), '400 BackupService.6220')
  }
})

test('made by hand: it is held by nothing', async () => {
  const before = await replicas()
  assert.equal((await replicate(house, await newBackup(), target)).status, 200)
  await house.runner?.idle()
  const byHand = (await replicas()).find(({ id }) => !before.some(other => other.id === id))
  assert.deepEqual([byHand?.status, byHand?.extend_info.auto_trigger], ['available', false])
  assert.equal((await bob('DELETE', `backups/${byHand.id}`)).status, 204)
  await house.runner?.idle()
  assert.equal((await replicas()).length, before.length)
})
