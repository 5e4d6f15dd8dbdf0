/** Manifests that are held: whoever asks, and whatever the caller says is live. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { Fault } from '../ports/fault.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Datastore } from './datastore.ts'
import { diskOf, type MemoryDisk, readerOf } from './memory-disks.ts'
import { openDatastore } from './open.ts'
import { assertHolds, at, collectLeaving, fixedKeyring, keysUnder, noise, silentLog } from './test-realm.ts'

const DAY = 24 * 60 * 60 * 1000
const BEGINNING = Date.UTC(2026, 0, 2)

interface Stand extends AsyncDisposable {
  readonly store: ObjectStore
  readonly datastore: Datastore
  readonly disk: MemoryDisk
  later(milliseconds: number): void
  day(number: number): Date
}

interface Locking {
  readonly locks?: boolean
  /** Milliseconds that the store's clock is behind. */
  readonly behind?: number
}

/** A store that keeps objects by a clock of its own where it is to, and one backup in it. */
async function stand({ locks = false, behind = 0 }: Locking = {}): Promise<Stand> {
  const clock = { at: BEGINNING }
  const now = () => new Date(clock.at)
  const store = memoryObjectStore(locks ? { clock: () => new Date(clock.at - behind) } : {})
  const datastore = openDatastore({
    objectStore: store,
    keyring: fixedKeyring,
    log: silentLog(),
    packBytes: 1 << 18,
    threads: 1,
    now,
  })
  const disk = diskOf(noise(900_000, 1))
  await datastore.write({ ...at('kept'), source: readerOf(disk) })
  return {
    store,
    datastore,
    disk,
    later: milliseconds => {
      clock.at += milliseconds
    },
    day: number => new Date(BEGINNING + number * DAY),
    [Symbol.asyncDispose]: () => datastore.close(),
  }
}

const denied = (error: Fault) => error.kind === 'denied' && error.permanent

for (const locks of [false, true]) {
  test(`a held manifest is not forgotten, not replaced, and nothing of it collected (object lock: ${locks})`, async () => {
    await using it = await stand({ locks })
    const { datastore, disk } = it
    await datastore.hold(at('kept'), it.day(30))
    await assert.rejects(datastore.removeManifest(at('kept')), denied)
    await assert.rejects(datastore.write({ ...at('kept'), source: readerOf(diskOf(noise(5000, 2))) }), denied)
    it.later(29 * DAY)
    const collected = await collectLeaving(datastore, [])
    assert.deepEqual([collected.removedManifests, collected.removedPacks], [0, 0])
    await assertHolds(datastore, 'kept', disk)
  })

  test(`at its end it goes with its holds and all its bytes (object lock: ${locks})`, async () => {
    await using it = await stand({ locks })
    const { datastore } = it
    await datastore.hold(at('kept'), it.day(30))
    it.later(30 * DAY)
    await datastore.removeManifest(at('kept'))
    await collectLeaving(datastore, [])
    assert.deepEqual(await keysUnder(it.store, 'realms/r/'), [])
  })
}

test('the last hold counts: none is shortened, and one without an end stays', async () => {
  await using it = await stand()
  const { datastore } = it
  await datastore.hold(at('kept'), it.day(30))
  await datastore.hold(at('kept'), it.day(3))
  it.later(4 * DAY)
  await assert.rejects(datastore.removeManifest(at('kept')), denied)
  await datastore.hold(at('kept'), it.day(60))
  it.later(30 * DAY)
  await assert.rejects(datastore.removeManifest(at('kept')), denied)
  await datastore.hold(at('kept'), undefined)
  it.later(10_000 * DAY)
  await assert.rejects(datastore.removeManifest(at('kept')), denied)
})

test('a hold that was tampered with, or is another manifest’s, holds without end', async () => {
  await using it = await stand()
  const { datastore, store } = it
  await datastore.write({ ...at('other'), source: readerOf(diskOf(noise(5000, 2))) })
  await datastore.hold(at('kept'), it.day(1))
  const [key = ''] = await keysUnder(store, 'realms/r/holds/kept/')
  await store.put(key.replace('/kept/', '/other/'), [await store.get(key)])
  const bytes = await store.get(key)
  bytes[40] = (bytes[40] ?? 0) ^ 1
  await store.put(key, [bytes])
  it.later(100 * DAY)
  for (const id of ['kept', 'other']) await assert.rejects(datastore.removeManifest(at(id)), denied, id)
  assert.equal((await collectLeaving(datastore, [])).removedManifests, 0)
})

test('a removal that was cut short is ended by a collection', async () => {
  await using it = await stand()
  await it.datastore.hold(at('kept'), it.day(1))
  it.later(2 * DAY)
  await it.store.remove(['realms/r/manifests/kept'])
  await collectLeaving(it.datastore, [])
  assert.deepEqual(await keysUnder(it.store, 'realms/r/'), [])
})

test('with object lock the store itself refuses the manifest, its packs and the hold', async () => {
  await using it = await stand({ locks: true })
  await it.datastore.hold(at('kept'), it.day(30))
  const kept = await keysUnder(it.store, 'realms/r/')
  const locked = kept.filter(key => /\/(packs|manifests|holds)\//.test(key))
  assert.ok(locked.length >= 3, locked.join())
  for (const key of locked) await assert.rejects(it.store.remove([key]), denied, key)
})

test('packs that are kept do not stand in the way of a collection of others', async () => {
  await using it = await stand({ locks: true })
  const { datastore } = it
  await datastore.hold(at('kept'), it.day(30))
  await datastore.write({ ...at('loose'), source: readerOf(diskOf(noise(900_000, 3))) })
  await datastore.removeManifest(at('loose'))
  const { removedPacks, freedBytes } = await collectLeaving(datastore, ['kept'])
  assert.ok(removedPacks > 0 && freedBytes > 700_000, JSON.stringify({ removedPacks, freedBytes }))
  await assertHolds(datastore, 'kept', it.disk)
})

test('what the store still keeps when holds have ended here is left to a later collection', async () => {
  await using it = await stand({ locks: true, behind: DAY })
  const { datastore } = it
  await datastore.hold(at('kept'), it.day(30))
  await datastore.write({ ...at('loose'), source: readerOf(diskOf(noise(900_000, 3))) })
  it.later(30 * DAY)
  await assert.rejects(datastore.removeManifest(at('kept')), denied)
  const early = await collectLeaving(datastore, [])
  assert.deepEqual([early.removedManifests, early.removedPacks > 0], [1, true])
  it.later(DAY)
  assert.equal((await collectLeaving(datastore, [])).removedManifests, 1)
  assert.deepEqual(await keysUnder(it.store, 'realms/r/'), [])
})
