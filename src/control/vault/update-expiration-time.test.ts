import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { alice, bob, type Desk, openDesk, putBackup, putVault, refused } from '../../../test/desk.ts'
import { endOfDay } from './expiration-rules.ts'
import { updateExpirationTime } from './update-expiration-time.ts'

const extend = (desk: Desk, id: string, day: string, zone?: string, caller = alice) =>
  updateExpirationTime(desk.ports, caller, {
    path: { project_id: caller.projectId, vault_id: id },
    query: {},
    body: { expect_expiration_date: day, ...(zone !== undefined && { time_zone: zone }) },
  })

const soon = new Date('2026-12-01T00:00:00.000Z')
const late = new Date('2030-01-01T00:00:00.000Z')

test('only automatic backups that expire sooner live longer', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  const parent = await putBackup(desk, id, { autoTrigger: true, expiredAt: soon })
  const child = await putBackup(desk, id, { autoTrigger: true, expiredAt: soon, parentId: parent.id })
  const busy = [
    await putBackup(desk, id, { autoTrigger: true, expiredAt: soon, status: 'restoring' }),
    await putBackup(desk, id, { autoTrigger: true, expiredAt: soon, status: 'protecting' }),
  ]
  const others = [
    await putBackup(desk, id, { expiredAt: soon }),
    await putBackup(desk, id, { autoTrigger: true }),
    await putBackup(desk, id, { autoTrigger: true, expiredAt: late }),
    await putBackup(desk, id, { autoTrigger: true, expiredAt: soon, status: 'waiting_delete' }),
    await putBackup(desk, id, { autoTrigger: true, expiredAt: soon, status: 'error' }),
  ]
  const answer = await extend(desk, id, '2027-01-01', 'UTC+08:00')
  const { operation_log_id: logId, ...rest } = answer
  assert.deepEqual(rest, { affected_backups_count: 3, new_expiration_day: '2027-01-01' })
  await desk.catalog.read(async ({ backups, operationLogs }) => {
    for (const one of [parent, child, ...busy]) {
      assert.equal((await backups.find(one.id))?.expiredAt?.toISOString(), '2027-01-01T15:59:59.999Z')
    }
    for (const one of others) assert.deepEqual((await backups.find(one.id))?.expiredAt, one.expiredAt)
    const log = await operationLogs.find(alice.projectId, logId ?? '')
    assert.deepEqual([log?.type, log?.status, log?.progress, log?.vaultId], ['sync', 'success', 100, id])
    assert.ok(log?.endedAt)
    assert.deepEqual(log.detail.update_expiration_time, { affected_backups_count: 3, expiration_day: '2027-01-01' })
  })
})

test('the vault, then the day, then the status', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk, { status: 'deleting' })
  await refused('6105', extend(desk, id, 'soon', undefined, bob))
  await refused('9900', extend(desk, id, '2027-02-30'))
  await refused('6112', extend(desk, id, '2027-02-28'))
})

test('days and zones that are none', () => {
  const bad: readonly (readonly [string, string?])[] = [
    ['2027-13-01'],
    ['2027-00-10'],
    ['27-01-01'],
    ['2027-01-01T00:00'],
    ['2027-01-01', 'UTC'],
    ['2027-01-01', 'UTC+15:00'],
    ['2027-01-01', 'UTC+08:60'],
    ['2027-01-01', 'Europe/Berlin'],
  ]
  for (const [day, zone] of bad) assert.throws(() => endOfDay(day, zone), { code: '9900' }, `${day} ${zone}`)
})

test('a day ends 24 hours after the one before, in every zone', () => {
  const DAY = 86_400_000
  const days = fc.integer({ min: 0, max: 40_000 }).map(n => new Date(n * DAY))
  const zones = fc
    .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 59 }))
    .map(([sign, h, m]) => `UTC${sign}${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`)
  const text = (at: Date) => at.toISOString().slice(0, 10)
  fc.assert(
    fc.property(days, zones, (day, zone) => {
      const end = endOfDay(text(day), zone).getTime()
      assert.equal(end - endOfDay(text(new Date(day.getTime() - DAY)), zone).getTime(), DAY)
      assert.ok(Math.abs(end - (day.getTime() + DAY - 1)) <= 15 * 3_600_000)
    }),
  )
})
