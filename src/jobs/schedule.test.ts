/** Policies that run: once per due time, whatever becomes of processes and clocks (semantics 9.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { openPolicyStage, type PolicyStage } from '../../test/policy-stage.ts'
import type { PolicyCreate } from '../contract/operations.gen.ts'
import { createCheckpoint } from '../control/checkpoint/create-checkpoint.ts'
import { Fault } from '../ports/fault.ts'

/** A vault with one disk, and a policy that runs in it every night at 02:00 unless told otherwise. */
async function protectedDisk(stage: PolicyStage, given: Partial<PolicyCreate> = {}) {
  const disk = await stage.disk()
  const vault = await stage.vault([disk])
  const policy = await stage.calls.create({ operation_definition: {}, ...given })
  await stage.calls.apply(vault, policy.id)
  return { disk, vault, policy: policy.id }
}

const times = async (stage: PolicyStage, vault: string) =>
  (await stage.backups(vault)).map(({ createdAt }) => createdAt.toISOString().slice(0, 16))
const outcomes = async (stage: PolicyStage, vault: string) =>
  (await stage.logs(vault)).map(log =>
    [log.type, log.status, log.errorCode.replace('BackupService.', '')].join(' ').trim(),
  )

test('a due time begins an automatic backup of every resource, with the names, logs and expiry of its policy', async () => {
  await using stage = await openPolicyStage()
  const vault = await stage.vault([await stage.disk(), await stage.disk()], { backup_name_prefix: 'db-' })
  const { id } = await stage.calls.create({ operation_definition: { retention_duration_days: 30 } })
  await stage.calls.apply(vault, id)
  await stage.goTo('2026-11-24T01:59:59.999Z')
  assert.deepEqual(await stage.backups(vault), [])
  await stage.goTo('2026-11-24T02:00:00.000Z')
  const backups = await stage.backups(vault)
  assert.equal(backups.length, 2)
  for (const [at, backup] of backups.entries()) {
    assert.equal(backup.status, 'available')
    assert.equal(backup.autoTrigger, true)
    assert.deepEqual(backup.expiredAt, new Date('2026-12-24T02:00:00.000Z'))
    assert.match(backup.name, /^db-autobk_[0-9a-f]{4}-000[12]$/, `name ${at}`)
  }
  const logs = await stage.logs(vault)
  assert.deepEqual(
    logs.map(({ type, status, policyId }) => [type, status, policyId]),
    [
      ['backup', 'success', id],
      ['backup', 'success', id],
    ],
  )
  assert.match(logs[0]?.requestId ?? '', /^req-[0-9a-f-]{36}$/)
  assert.deepEqual(stage.complaints, [])
})

test('looks that repeat, and processes that look together, begin it once', async () => {
  await using stage = await openPolicyStage()
  const made = await Promise.all(Array.from({ length: 5 }, () => protectedDisk(stage)))
  stage.setClock('2026-11-24T02:00:00.000Z')
  const others = Array.from({ length: 3 }, () => stage.secondSchedule())
  await Promise.all([stage.schedule, ...others].flatMap(schedule => [schedule.look(), schedule.look()]))
  await stage.work()
  for (const { vault } of made) assert.deepEqual(await times(stage, vault), ['2026-11-24T02:00'])
  await stage.goTo('2026-11-25T02:00:00.000Z')
  for (const { vault } of made) assert.equal((await stage.backups(vault)).length, 2)
})

test('a process that dies before or after its transaction leaves nothing undone and nothing twice', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage)
  stage.setClock('2026-11-24T02:00:00.000Z')
  const { catalog } = stage.ports
  const due = await catalog.read(({ appliedPolicies }) => appliedPolicies.due('backup', stage.now()))
  assert.equal(due.length, 1)
  await assert.rejects(
    catalog.change(async ({ appliedPolicies }) => {
      const [one] = due
      assert.ok(one?.nextDue)
      const { vaultId, operationType, policyId, nextDue } = one
      await appliedPolicies.advance({ vaultId, operationType, policyId, nextDue }, { lastDue: nextDue, nextDue })
      throw new Error('killed')
    }),
  )
  await stage.goTo('2026-11-24T02:00:01.000Z')
  assert.deepEqual(await times(stage, vault), ['2026-11-24T02:00'])
})

test('after downtime the latest time is made up for inside its window; what is older is one skipped log', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage)
  await stage.goTo('2026-12-01T02:59:00.000Z')
  assert.deepEqual(await times(stage, vault), ['2026-12-01T02:59'])
  assert.deepEqual((await outcomes(stage, vault)).sort(), ['backup skipped 0001', 'backup success'])
  const missed = (await stage.logs(vault)).find(({ status }) => status === 'skipped')
  assert.match(missed?.errorMessage ?? '', /from 2026-11-24T02:00:00.000\+00:00 to 2026-11-30T02:00:00.000\+00:00/)
  assert.equal(missed?.resource.id, vault)
  await stage.goTo('2026-12-02T02:00:00.000Z')
  assert.equal((await stage.backups(vault)).length, 2)
})

test('after its window a run is not begun any more', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage)
  await stage.goTo('2026-11-24T03:00:00.001Z')
  assert.deepEqual(await times(stage, vault), [])
  const [log] = await stage.logs(vault)
  assert.match(log?.errorMessage ?? '', /due at 2026-11-24T02:00:00.000\+00:00$/)
  await stage.goTo('2026-11-25T02:00:00.000Z')
  assert.deepEqual(await times(stage, vault), ['2026-11-25T02:00'])
})

test('a window of its own lets it begin later', async () => {
  await using stage = await openPolicyStage()
  const trigger = { properties: { pattern: ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0'], start_window_minutes: 480 } }
  const { vault } = await protectedDisk(stage, { trigger })
  await stage.goTo('2026-11-24T10:00:00.000Z')
  assert.deepEqual(await times(stage, vault), ['2026-11-24T10:00'])
})

test('a clock that goes back brings nothing twice; one that leaps ahead makes up for one run', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage)
  await stage.goTo('2026-11-24T02:00:00.000Z')
  for (const back of ['2026-11-24T01:00:00.000Z', '2026-11-24T02:00:00.000Z', '2026-11-24T02:30:00.000Z']) {
    await stage.goTo(back)
    assert.equal((await stage.backups(vault)).length, 1, back)
  }
  await stage.goTo('2026-12-24T02:10:00.000Z')
  assert.deepEqual(await times(stage, vault), ['2026-11-24T02:00', '2026-12-24T02:10'])
  for (let day = 10; day <= 24; day += 1) await stage.goTo(`2026-12-${day}T02:00:00.000Z`)
  assert.equal((await stage.backups(vault)).length, 2)
  await stage.goTo('2026-12-25T02:00:00.000Z')
  assert.equal((await stage.backups(vault)).length, 3)
})

test('a time that falls into a run of the same vault is skipped', async () => {
  await using stage = await openPolicyStage()
  const trigger = { properties: { pattern: ['FREQ=DAILY;BYHOUR=2,4;BYMINUTE=0'] } }
  const { vault } = await protectedDisk(stage, { trigger })
  const waiting = Promise.withResolvers<void>()
  stage.bytes.write = () => waiting.promise
  stage.setClock('2026-11-24T02:00:00.000Z')
  await stage.schedule.look()
  stage.setClock('2026-11-24T04:00:00.000Z')
  await stage.schedule.look()
  waiting.resolve()
  await stage.work()
  assert.deepEqual(await times(stage, vault), ['2026-11-24T02:00'])
  assert.deepEqual((await outcomes(stage, vault)).sort(), ['backup skipped 1001', 'backup success'])
  await stage.goTo('2026-11-25T02:00:00.000Z')
  assert.equal((await stage.backups(vault)).length, 2)
})

test('a manual backup that runs keeps only its own resource out', async () => {
  await using stage = await openPolicyStage()
  const [busy, free] = [await stage.disk(), await stage.disk()]
  const vault = await stage.vault([busy, free])
  await stage.calls.apply(vault, (await stage.calls.create()).id)
  const waiting = Promise.withResolvers<void>()
  stage.bytes.write = () => waiting.promise
  await createCheckpoint(stage.ports, alice, {
    path: { project_id: alice.projectId },
    query: {},
    body: { checkpoint: { vault_id: vault, parameters: { resources: [busy] } } },
  })
  stage.setClock('2026-11-24T02:00:00.000Z')
  await stage.schedule.look()
  waiting.resolve()
  await stage.work()
  const automatic = (await stage.backups(vault)).filter(({ autoTrigger }) => autoTrigger)
  assert.deepEqual(
    automatic.map(({ resourceId }) => resourceId),
    [free],
  )
  assert.deepEqual((await outcomes(stage, vault)).sort(), ['backup skipped 6125', 'backup success', 'backup success'])
})

test('what cannot be backed up is logged, and the rest is backed up', async () => {
  await using stage = await openPolicyStage()
  const [good, bad, off] = [await stage.disk(), await stage.disk(), await stage.disk()]
  const vault = await stage.vault([good, bad, off])
  const { id } = await stage.calls.create()
  await stage.calls.apply(vault, id)
  await stage.ports.catalog.change(async ({ disks, resources }) => {
    await disks.update(bad, { status: 'error' })
    await resources.setAutoProtect(vault, [off], false)
  })
  await stage.goTo('2026-11-24T02:00:00.000Z')
  assert.deepEqual(
    (await stage.backups(vault)).map(({ resourceId }) => resourceId),
    [good],
  )
  assert.deepEqual((await outcomes(stage, vault)).sort(), ['backup skipped 7003', 'backup success'])
  await stage.ports.catalog.change(({ disks }) => disks.update(good, { status: 'error' }))
  await stage.goTo('2026-11-25T02:00:00.000Z')
  assert.equal((await stage.backups(vault)).length, 1)
  assert.equal((await outcomes(stage, vault)).filter(outcome => outcome === 'backup skipped 7003').length, 3)
})

test('a vault that takes no backups makes a failed log, and the next time is another chance', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage)
  const status = (to: 'lock' | 'available') =>
    stage.ports.catalog.change(({ vaults }) => vaults.update(vault, { status: to }))
  await status('lock')
  await stage.goTo('2026-11-24T02:00:00.000Z')
  assert.deepEqual(await outcomes(stage, vault), ['backup failed 6113'])
  await status('available')
  await stage.ports.catalog.change(({ vaults }) => vaults.charge(vault, 1000 * 2 ** 30))
  await stage.goTo('2026-11-25T02:00:00.000Z')
  assert.ok((await outcomes(stage, vault)).includes('backup failed 6114'))
  await stage.ports.catalog.change(({ vaults }) => vaults.charge(vault, -1000 * 2 ** 30))
  await stage.goTo('2026-11-26T02:00:00.000Z')
  assert.equal((await stage.backups(vault)).length, 1)
})

test('a disabled policy, one that is removed and an empty vault do nothing, quietly', async () => {
  await using stage = await openPolicyStage()
  const [disabled, removed, deleted] = [
    await protectedDisk(stage),
    await protectedDisk(stage),
    await protectedDisk(stage),
  ]
  const empty = await stage.vault([])
  await stage.calls.apply(empty, removed.policy)
  await stage.calls.update(disabled.policy, { enabled: false })
  await stage.calls.release(removed.vault, removed.policy)
  await stage.calls.remove(deleted.policy)
  await stage.goTo('2026-11-30T02:00:00.000Z')
  for (const vault of [disabled.vault, removed.vault, deleted.vault]) {
    assert.deepEqual([await stage.backups(vault), await stage.logs(vault)], [[], []])
  }
  assert.deepEqual(await stage.backups(empty), [])
  await stage.calls.update(disabled.policy, { enabled: true })
  await stage.goTo('2026-12-01T02:00:00.000Z')
  assert.deepEqual(await times(stage, disabled.vault), ['2026-12-01T02:00'])
})

test('when the inventory does not answer, the run begins as soon as it does, inside its window', async () => {
  await using stage = await openPolicyStage()
  const { vault } = await protectedDisk(stage)
  const { protectables } = stage.ports
  const answering = { ...protectables }
  Object.assign(protectables, { disks: () => Promise.reject(new Fault('unavailable', 'cinder is away')) })
  await stage.goTo('2026-11-24T02:00:00.000Z')
  assert.deepEqual(await times(stage, vault), [])
  assert.match(stage.complaints.join(), /cannot be read/)
  Object.assign(protectables, answering)
  await stage.goTo('2026-11-24T02:05:00.000Z')
  assert.deepEqual(await times(stage, vault), ['2026-11-24T02:05'])
})

test('full backups come after so many incremental ones, a day apart at least', async () => {
  await using stage = await openPolicyStage()
  const asked = async (given: Partial<PolicyCreate>, until: number, hours: readonly number[] = [2]) => {
    const { vault, policy } = await protectedDisk(stage, given)
    const start = stage.now().getTime()
    for (let day = 1; day <= until; day += 1) {
      for (const hour of hours) {
        const midnight = Math.floor(start / 86_400_000) * 86_400_000
        await stage.goTo(new Date(midnight + day * 86_400_000 + hour * 3_600_000 + day * 60_000))
      }
    }
    await stage.calls.release(vault, policy)
    return (await stage.backups(vault)).map(({ incremental, full }) => (full ? 'F' : incremental ? 'i' : '?')).join('')
  }
  assert.equal(await asked({ operation_definition: {} }, 4), 'Fiii')
  assert.equal(await asked({ operation_definition: { full_backup_interval: 2 } }, 8), 'FiiFiiFi')
  assert.equal(await asked({ operation_definition: { full_backup_interval: 0 } }, 4), 'FFFF')
  const twice = { properties: { pattern: ['FREQ=DAILY;BYHOUR=2,14;BYMINUTE=0'] } }
  assert.equal(await asked({ operation_definition: { full_backup_interval: 0 }, trigger: twice }, 3, [2, 14]), 'FiFiFi')
})
