/** What ends by itself and what does not (semantics 10, 8.7), through the jobs that do it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice, bob, putImage } from '../../../test/desk.ts'
import { openPolicyStage, type PolicyStage } from '../../../test/policy-stage.ts'
import type { CheckpointParam, PolicyCreate } from '../../contract/operations.gen.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import { createCheckpoint } from '../checkpoint/create-checkpoint.ts'

type Rules = PolicyCreate['operation_definition']

/** A disk that is backed up at 02:00 from 24 November 2026 on. */
async function protectedDisk(stage: PolicyStage, rules: Rules) {
  const vault = await stage.vault([await stage.disk()])
  const policy = await stage.calls.create({ operation_definition: rules })
  await stage.calls.apply(vault, policy.id)
  return { vault, policy: policy.id }
}

/** Lives through the nights up to the so manieth after the beginning. */
async function nights(stage: PolicyStage, from: number, to: number): Promise<void> {
  for (let night = from; night <= to; night += 1) {
    await stage.goTo(new Date(Date.UTC(2026, 10, 23 + night, 2)))
    await stage.schedule.sweep()
    await stage.work()
  }
}

/** The nights whose backups are left; a manual one is marked. */
const left = async (stage: PolicyStage, vault: string): Promise<string> =>
  (await stage.backups(vault))
    .map(({ createdAt, autoTrigger }) => {
      const night = Math.floor((createdAt.getTime() - Date.UTC(2026, 10, 23)) / 86_400_000)
      return autoTrigger ? String(night) : `m${night}`
    })
    .join(' ')

async function manual(stage: PolicyStage, vault: string, parameters: CheckpointParam = {}): Promise<void> {
  stage.setClock(new Date(stage.now().getTime() + 1000))
  await createCheckpoint(stage.ports, alice, {
    path: { project_id: alice.projectId },
    query: {},
    body: { checkpoint: { vault_id: vault, parameters } },
  })
  await stage.work()
}

async function backupOf(stage: PolicyStage, vault: string, night: number): Promise<BackupRecord> {
  const from = Date.UTC(2026, 10, 23 + night)
  const found = (await stage.backups(vault)).find(({ createdAt }) => Math.abs(+createdAt - from) < 86_400_000 / 2)
  assert.ok(found)
  return found
}

const share = (stage: PolicyStage, backupId: string, imageId?: string) =>
  stage.ports.catalog.change(({ members }) =>
    members.insert([
      {
        id: crypto.randomUUID(),
        backupId,
        destProjectId: bob.projectId,
        status: 'accepted',
        createdAt: stage.now(),
        chargedBytes: 0,
        ...(imageId && { imageId }),
      },
    ]),
  )

test('by count: the newest so many stay, by a logged deletion like any other', async () => {
  await using stage = await openPolicyStage()
  const { vault, policy } = await protectedDisk(stage, { max_backups: 3 })
  await nights(stage, 1, 5)
  assert.equal(await left(stage, vault), '3 4 5')
  const deletions = (await stage.logs(vault)).filter(({ type }) => type === 'delete')
  assert.deepEqual(
    deletions.map(({ status, policyId }) => [status, policyId]),
    [
      ['success', policy],
      ['success', policy],
    ],
  )
})

test('by age: an expiry on each, swept within the hour, never before', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage, { retention_duration_days: 2 })
  await nights(stage, 1, 3)
  assert.equal(await left(stage, vault), '2 3')
  stage.setClock('2026-11-27T01:59:59.999Z')
  await stage.schedule.sweep()
  await stage.work()
  assert.equal(await left(stage, vault), '2 3')
  stage.setClock('2026-11-27T02:00:00.000Z')
  await stage.schedule.sweep()
  await stage.work()
  assert.equal(await left(stage, vault), '3')
})

test('the newest good one outlives its expiry until there is another, and failed ones are none', async () => {
  await using stage = await openPolicyStage()
  const { vault, policy } = await protectedDisk(stage, { retention_duration_days: 1 })
  await nights(stage, 1, 1)
  stage.bytes.write = () => Promise.reject(new Error('the disk cannot be read'))
  await nights(stage, 2, 4)
  assert.equal(await left(stage, vault), '1 2 3 4')
  delete stage.bytes.write
  await nights(stage, 5, 5)
  const good = (await stage.backups(vault)).filter(({ status }) => status === 'available')
  assert.equal(good.length, 1)
  await stage.calls.update(policy, { enabled: false })
  await nights(stage, 20, 20)
  assert.equal((await stage.backups(vault)).filter(({ status }) => status === 'available').length, 1)
})

test('failed automatic ones: ten are kept, for a month', async () => {
  await using stage = await openPolicyStage()
  const { vault, policy } = await protectedDisk(stage, {})
  stage.bytes.write = () => Promise.reject(new Error('the disk cannot be read'))
  await nights(stage, 1, 13)
  assert.equal(await left(stage, vault), '4 5 6 7 8 9 10 11 12 13')
  await stage.calls.update(policy, { enabled: false })
  await nights(stage, 36, 36)
  assert.equal(await left(stage, vault), '6 7 8 9 10 11 12 13')
  await nights(stage, 60, 60)
  assert.equal(await left(stage, vault), '')
})

test('manual ones are neither counted nor deleted, unless they were given an expiry', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage, { max_backups: 2 })
  await nights(stage, 1, 1)
  await manual(stage, vault)
  await manual(stage, vault, { retention_duration_days: 2 })
  await nights(stage, 2, 2)
  assert.equal(await left(stage, vault), '1 m1 m1 2')
  await nights(stage, 3, 4)
  assert.equal(await left(stage, vault), 'm1 3 4')
})

test('a manual one with an expiry goes though it is the only one', async () => {
  await using stage = await openPolicyStage()
  const vault = await stage.vault([await stage.disk()])
  await manual(stage, vault, { retention_duration_days: 1 })
  await nights(stage, 3, 3)
  assert.equal(await left(stage, vault), '')
})

test('one with an image stays and does not count; a share alone keeps nothing', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage, { max_backups: 2 })
  await nights(stage, 1, 2)
  await putImage(stage.ports, (await backupOf(stage, vault, 1)).id, alice.projectId)
  const theirs = await putImage(stage.ports, (await backupOf(stage, vault, 2)).id, bob.projectId)
  await share(stage, theirs.backupId, theirs.id)
  await nights(stage, 3, 3)
  const shared = await backupOf(stage, vault, 3)
  await share(stage, shared.id)
  await nights(stage, 4, 5)
  assert.equal(await left(stage, vault), '1 2 4 5')
  assert.deepEqual(await stage.ports.catalog.read(({ members }) => members.of(shared.id)), [])
})

test('an expired one with an image stays until the image is gone; a share ends with its backup', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage, { retention_duration_days: 1 })
  await nights(stage, 1, 1)
  const first = await backupOf(stage, vault, 1)
  const image = await putImage(stage.ports, first.id, alice.projectId)
  await nights(stage, 2, 2)
  await share(stage, (await backupOf(stage, vault, 2)).id)
  await nights(stage, 3, 3)
  assert.equal(await left(stage, vault), '1 3')
  await stage.ports.catalog.change(({ images }) => images.remove(image.id))
  await nights(stage, 3, 3)
  assert.equal(await left(stage, vault), '3')
})

test('one that is in use waits for the next time', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage, { max_backups: 1 })
  await nights(stage, 1, 1)
  const { id } = await backupOf(stage, vault, 1)
  await stage.ports.catalog.change(({ backups }) => backups.use(id, 1))
  await nights(stage, 2, 2)
  assert.equal(await left(stage, vault), '1 2')
  await stage.ports.catalog.change(({ backups }) => backups.use(id, -1))
  await nights(stage, 3, 3)
  assert.equal(await left(stage, vault), '3')
})

test('in a locked vault expiry is the only way', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage, { max_backups: 1 })
  await stage.ports.catalog.change(({ vaults }) => vaults.update(vault, { locked: true }))
  await nights(stage, 1, 3)
  assert.equal(await left(stage, vault), '1 2 3')
  const aged = await protectedDisk(stage, { retention_duration_days: 2 })
  await stage.ports.catalog.change(({ vaults }) => vaults.update(aged.vault, { locked: true }))
  await nights(stage, 4, 7)
  assert.equal(await left(stage, aged.vault), '6 7')
})

test('for long: the last of days and weeks in the policy’s zone', async () => {
  await using stage = await openPolicyStage()
  const rules = { day_backups: 3, week_backups: 3, timezone: 'UTC-03:00' }
  const { vault } = await protectedDisk(stage, rules)
  await nights(stage, 1, 20)
  // 02:00 UTC is 23:00 of the evening before: a week's last backup is made on Monday morning, UTC. Night 14 is one.
  assert.equal(await left(stage, vault), '7 14 18 19 20')
})

const changes: readonly (readonly [string, Rules, Rules, string])[] = [
  ['count to count: it applies to old ones as well', { max_backups: 5 }, { max_backups: 2 }, '5 6'],
  ['count to age: old ones stay', { max_backups: 4 }, { retention_duration_days: 1 }, '2 3 4 5 13'],
  ['count to nothing: old ones stay', { max_backups: 3 }, {}, '3 4 5 6 7 8 9 10 11 12 13'],
  ['age to age: old ones keep theirs', { retention_duration_days: 9 }, { retention_duration_days: 1 }, '5 13'],
  ['age to nothing: old ones keep theirs', { retention_duration_days: 8 }, {}, '6 7 8 9 10 11 12 13'],
  ['age to count: whichever is first', { retention_duration_days: 9 }, { max_backups: 3 }, '11 12 13'],
]
for (const [what, before, after, expected] of changes) {
  test(`a changed rule, ${what}`, async () => {
    await using stage = await openPolicyStage()
    const { vault, policy } = await protectedDisk(stage, before)
    await nights(stage, 1, 5)
    const unchanged = await left(stage, vault)
    await stage.calls.update(policy, { operation_definition: after })
    await stage.schedule.sweep()
    await stage.work()
    assert.equal(await left(stage, vault), unchanged, 'nothing happens before the next backup')
    await nights(stage, 6, what.startsWith('count to count') ? 6 : 13)
    assert.equal(await left(stage, vault), expected)
  })
}

test('a manual backup, too, is an occasion to apply the rule', async () => {
  await using stage = await openPolicyStage()
  const { vault, policy } = await protectedDisk(stage, { max_backups: 5 })
  await nights(stage, 1, 5)
  await stage.calls.update(policy, { operation_definition: { max_backups: 2 } })
  await manual(stage, vault)
  assert.equal(await left(stage, vault), '4 5 m5')
})

for (const how of ['removed', 'disabled'] as const) {
  test(`when the policy is ${how}, ages go on and counts end`, async () => {
    await using stage = await openPolicyStage()
    const [counted, aged] = [
      await protectedDisk(stage, { max_backups: 2 }),
      await protectedDisk(stage, { retention_duration_days: 3 }),
    ]
    await nights(stage, 1, 3)
    for (const { vault, policy } of [counted, aged]) {
      if (how === 'removed') await stage.calls.release(vault, policy)
      else await stage.calls.update(policy, { enabled: false })
    }
    await manual(stage, counted.vault, { auto_trigger: true })
    await nights(stage, 20, 20)
    assert.equal(await left(stage, counted.vault), '2 3 3')
    assert.equal(await left(stage, aged.vault), '3')
  })
}
