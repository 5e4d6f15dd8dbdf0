import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice } from '../../test/desk.ts'
import { MIB, openWorkshop, type Workshop } from '../../test/workshop.ts'
import type { CheckRequest } from '../datastore/datastore.ts'
import type { Log } from '../ports/log.ts'
import type { Integrity } from './job-ports.ts'
import { type RunnerOptions, startRunner } from './runner.ts'
import { lastScrub, scrub } from './scrub.ts'

const { projectId } = alice
const DAY = 24 * 60 * 60 * 1000
const integrity: Integrity = {
  scrub: { everyDays: 30, bytesPerSecond: Number.POSITIVE_INFINITY },
  collectBytesPerSecond: Number.POSITIVE_INFINITY,
  verifyBytesPerSecond: Number.POSITIVE_INFINITY,
}

async function run(shop: Workshop, over: Partial<Workshop['ports']> = {}, options: RunnerOptions = {}): Promise<void> {
  const runner = startRunner(
    { ...shop.ports, integrity, ...over },
    { lookEvery: 20, drainFor: 0, alone: true, ...options },
  )
  await runner.idle()
  await runner.stop()
}

const scrubs = ({ ports }: Workshop) => ports.catalog.read(({ jobs }) => jobs.open(undefined, ['scrub']))

async function openShop() {
  const shop = await openWorkshop()
  const vault = await shop.vault([await shop.disk('data', { sizeBytes: 9 * MIB })], 'disk')
  const { backups } = await shop.checkpoint(vault)
  await run(shop)
  await run(shop) // the round at a start sees the checkpoint
  return { shop, vault, backupId: backups[0] ?? '' }
}

async function damage({ objectStore }: Workshop): Promise<void> {
  for await (const { key } of objectStore.list('realms/')) {
    if (!key.includes('/packs/')) continue
    const object = await objectStore.get(key)
    object[5000] = (object[5000] ?? 0) ^ 1
    await objectStore.put(key, [object])
  }
}

test('every realm has its turn, once in so many days', async () => {
  const { shop } = await openShop()
  await using _ = shop
  const [first, ...others] = await scrubs(shop)
  assert.ok(first)
  assert.deepEqual(others, [])
  assert.equal(lastScrub(first).scrubbedAt, undefined)
  shop.later(29 * DAY)
  await run(shop)
  assert.deepEqual((await scrubs(shop))[0]?.id, first.id)
  shop.later(2 * DAY)
  await run(shop)
  const [next] = await scrubs(shop)
  assert.ok(next && next.id !== first.id)
  assert.ok(Math.abs(shop.ports.now().getTime() - (lastScrub(next).scrubbedAt ?? 0)) < 60_000)
  assert.ok(next.runAfter.getTime() > shop.ports.now().getTime() + 29 * DAY)
  assert.equal(lastScrub(next).damaged, 0)
  assert.deepEqual(shop.complaints, [])
})

test('what it finds stands in the log, the audit trail and the metrics’ source, until it is mended', async () => {
  const { shop, vault, backupId } = await openShop()
  await using _ = shop
  await damage(shop)
  shop.later(31 * DAY)
  await run(shop)
  assert.ok(shop.complaints.some(line => line === 'stored data is damaged'))
  const { rows } = await shop.ports.catalog.read(({ audits }) =>
    audits.list(projectId, { operation: 'FindDamage' }, { limit: 10, offset: 0 }),
  )
  assert.deepEqual(
    rows.map(row => row.resourceId),
    [backupId],
  )
  const [next] = await scrubs(shop)
  assert.ok(next && lastScrub(next).damaged > 0)
  await shop.checkpoint(vault)
  await run(shop)
  shop.later(31 * DAY)
  await run(shop)
  const [after] = await scrubs(shop)
  assert.equal(after && lastScrub(after).damaged, 0)
  const ref = { realm: projectId, id: backupId }
  assert.deepEqual((await shop.ports.datastore.verify(ref, {})).problems, [])
})

test('it goes on where it was cut short', async t => {
  const { shop } = await openShop()
  await using _ = shop
  shop.later(31 * DAY)
  let now = 0
  t.mock.method(performance, 'now', () => {
    now += 11_000
    return now
  })
  const { datastore } = shop.ports
  const asked: (string | undefined)[] = []
  const seen: string[] = []
  const check = (stopAfter: number) => (request: CheckRequest) => {
    asked.push(request.after)
    const onPack: CheckRequest['onPack'] = async pack => {
      seen.push(pack)
      await request.onPack?.(pack)
      if (seen.length === stopAfter) throw new Error('the process dies')
    }
    return datastore.check({ ...request, onPack })
  }
  // As if it had died there: the job stays, with its claim.
  const dying = startRunner(
    { ...shop.ports, integrity, datastore: { ...datastore, check: check(3) }, log: silentLog },
    { lookEvery: 20, drainFor: 0, alone: true, kinds: { scrub: { ...scrub, giveUp: dead } } },
  )
  await dying.idle()
  await dying.stop()
  await shop.ports.catalog.change(({ jobs }) => jobs.dropClaims(''))
  assert.equal((await scrubs(shop))[0]?.payload.after, seen[2])
  await run(shop, { datastore: { ...datastore, check: check(-1) } })
  assert.deepEqual(asked, [undefined, seen[2]])
  assert.equal(new Set(seen).size, seen.length)
  assert.ok(seen.length > 3)
  const [next] = await scrubs(shop)
  assert.equal(next?.payload.after, undefined)
})

const dead = async () => {
  throw new Error('and cannot even give up')
}
const silentLog: Log = { debug: drop, info: drop, warn: drop, error: drop, child: () => silentLog }
function drop(): void {
  // Nobody reads it.
}

test('a realm that cannot be scrubbed has its next turn all the same', async () => {
  const { shop } = await openShop()
  await using _ = shop
  shop.later(31 * DAY)
  const check = async () => {
    throw new Error('the key is damaged')
  }
  await run(shop, { datastore: { ...shop.ports.datastore, check } })
  const [next, ...others] = await scrubs(shop)
  assert.deepEqual(others, [])
  assert.ok(next && next.runAfter > shop.ports.now())
  assert.ok(shop.complaints.some(line => /the key is damaged/.test(line)))
})

test('a shorter interval counts from now on, none ends them', async () => {
  const { shop } = await openShop()
  await using _ = shop
  await run(shop, { integrity: { ...integrity, scrub: { everyDays: 7, bytesPerSecond: 1e9 } } })
  assert.ok(((await scrubs(shop))[0]?.runAfter.getTime() ?? 0) <= shop.ports.now().getTime() + 7 * DAY)
  await run(shop, { integrity: { ...integrity, scrub: undefined } })
  assert.deepEqual(await scrubs(shop), [])
})
