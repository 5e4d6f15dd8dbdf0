import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { Fault } from '../ports/fault.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { CHUNK_BYTES } from './chunk.ts'
import { diskOf, memoryDisk, readerOf, targetOf } from './memory-disks.ts'
import { assertHolds, at, collectLeaving, keysUnder, noise, openOn } from './test-realm.ts'

const DISK = diskOf(noise(9 * CHUNK_BYTES + 777, 1))

async function storeWithBackup(): Promise<ObjectStore> {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  await datastore.write({ ...at('a'), source: readerOf(DISK) })
  return store
}

async function flip(store: ObjectStore, key: string, at: number): Promise<void> {
  const object = await store.get(key)
  object[at] = (object[at] ?? 0) ^ 0x10
  await store.put(key, [object])
}

const isFault = (kind: Fault['kind']) => (error: unknown) => error instanceof Fault && error.kind === kind

test('no flipped bit of a pack is ever returned as data', async () => {
  const store = await storeWithBackup()
  for (const key of await keysUnder(store, 'realms/r/packs/')) {
    const { length } = await store.get(key)
    for (const place of [40, Math.floor(length / 3), Math.floor(length / 2), 33]) {
      await flip(store, key, Math.min(place, length - 1))
      await using datastore = openOn(store)
      const problems = (await datastore.verify(at('a'), {})).problems
      assert.ok(problems.length > 0, `${key} at ${place}`)
      assert.ok(problems.every(problem => key.endsWith(problem.pack) && /^[0-9a-f]{32}$/.test(problem.chunk)))
      await assert.rejects(
        datastore.restore(at('a'), targetOf(memoryDisk(DISK.sizeBytes), true), {}),
        (error: Fault) => {
          assert.equal(error.kind, 'corrupt')
          assert.ok(problems.some(({ chunk, pack }) => error.message.includes(chunk) && error.message.includes(pack)))
          return true
        },
      )
      await flip(store, key, Math.min(place, length - 1))
    }
  }
  await using datastore = openOn(store)
  await assertHolds(datastore, 'a', DISK)
})

test('a lost or shortened pack is told with its chunks, and the next backup stores them again', async () => {
  const store = await storeWithBackup()
  const [key = ''] = await keysUnder(store, 'realms/r/packs/')
  const pack = await store.get(key)
  await using datastore = openOn(store)
  await store.put(key, [pack.subarray(0, 100)])
  assert.match((await datastore.verify(at('a'), {})).problems[0]?.what ?? '', /short/)
  await store.remove([key])
  const { problems } = await datastore.verify(at('a'), {})
  assert.ok(problems.length > 0)
  await datastore.write({ ...at('b'), source: readerOf(DISK) })
  await assertHolds(datastore, 'b', DISK)
  await assertHolds(datastore, 'a', DISK) // healed by it: chunks are found by name
})

test('a manifest must be the one that was written under its id', async () => {
  const store = await storeWithBackup()
  await using datastore = openOn(store)
  await assert.rejects(datastore.open(at('none')), isFault('missing'))
  const manifest = await store.get('realms/r/manifests/a')
  await store.put('realms/r/manifests/b', [manifest])
  await assert.rejects(datastore.open(at('b')), isFault('corrupt'))
  for (const place of [0, 12, 20, 40, manifest.length - 1]) {
    await flip(store, 'realms/r/manifests/a', place)
    await assert.rejects(datastore.open(at('a')), (error: Fault) => ['corrupt', 'denied'].includes(error.kind))
    await flip(store, 'realms/r/manifests/a', place)
  }
  await store.put('realms/r/manifests/a', [manifest.subarray(0, 10)])
  await assert.rejects(datastore.open(at('a')), isFault('corrupt'))
})

test('what a newer version wrote is refused, not guessed at', async () => {
  const store = await storeWithBackup()
  await using datastore = openOn(store)
  await flip(store, 'realms/r/manifests/a', 11)
  await assert.rejects(datastore.open(at('a')), isFault('denied'))
})

test('a corrupt or lost index is made up for by the packs, and replaced by the next collection', async () => {
  for (const damage of ['flip', 'remove'] as const) {
    const store = await storeWithBackup()
    const [key = ''] = await keysUnder(store, 'realms/r/index/')
    if (damage === 'flip') await flip(store, key, 90)
    else await store.remove([key])
    {
      await using datastore = openOn(store)
      await assertHolds(datastore, 'a', DISK)
      assert.equal((await datastore.write({ ...at('b'), source: readerOf(DISK) })).storedBytes, 0)
      await collectLeaving(datastore, ['a', 'b'])
    }
    assert.ok(!(await keysUnder(store, 'realms/r/index/')).includes(key))
    await using later = openOn(store)
    await assertHolds(later, 'a', DISK)
    await assertHolds(later, 'b', DISK)
  }
})

test('a corrupt marker keeps everything old from being built on until a collection', async () => {
  const store = await storeWithBackup()
  await store.put('realms/r/condemned/00000000000000000000000000000000', [Buffer.from('what is this')])
  await using datastore = openOn(store)
  assert.ok((await datastore.write({ ...at('b'), source: readerOf(DISK) })).storedBytes > 0)
  await assertHolds(datastore, 'a', DISK)
  await collectLeaving(datastore, ['a', 'b'])
  assert.deepEqual(await keysUnder(store, 'realms/r/condemned/'), [])
  assert.equal((await datastore.write({ ...at('c'), source: readerOf(DISK) })).storedBytes, 0)
  for (const id of ['a', 'b', 'c']) await assertHolds(datastore, id, DISK)
})

test('a collection that meets a damaged page removes nothing', async () => {
  const store = await storeWithBackup()
  await using datastore = openOn(store)
  const other = diskOf(noise(3 * CHUNK_BYTES, 5))
  await datastore.write({ ...at('b'), source: readerOf(other) })
  const packs = await keysUnder(store, 'realms/r/packs/')
  for (const key of packs) {
    const pack = await store.get(key)
    for (let place = 40; place < pack.length; place += 100) pack[place] = (pack[place] ?? 0) ^ 1
    await store.put(key, [pack])
  }
  await assert.rejects(collectLeaving(datastore, ['a']), isFault('corrupt'))
  assert.deepEqual(await keysUnder(store, 'realms/r/packs/'), packs)
})

test('a collection leaves a sparse pack with a damaged live chunk where it is', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store, 8 << 20)
  const disk = diskOf(noise(10 * CHUNK_BYTES, 1))
  await datastore.write({ ...at('a'), source: readerOf(disk) })
  const part = diskOf(noise(10 * CHUNK_BYTES, 1).subarray(0, CHUNK_BYTES))
  await datastore.write({ ...at('b'), source: readerOf(part) })
  const key = (await keysUnder(store, 'realms/r/packs/')).find(() => true) ?? ''
  const sizes = await Promise.all(
    (await keysUnder(store, 'realms/r/packs/')).map(async k => ({ k, n: (await store.get(k)).length })),
  )
  const largest = sizes.sort((x, y) => y.n - x.n)[0]?.k ?? key
  for (let place = 100; place < 10 * CHUNK_BYTES; place += CHUNK_BYTES / 2) await flip(store, largest, place)
  await datastore.removeManifest(at('a'))
  await collectLeaving(datastore, ['b'])
  assert.ok((await keysUnder(store, 'realms/r/packs/')).includes(largest))
  const { problems } = await datastore.verify(at('b'), {})
  assert.equal(problems.length, 1)
})

test('a restore notices a target that does not keep what it was given', async () => {
  const store = await storeWithBackup()
  await using datastore = openOn(store)
  const kept = memoryDisk(DISK.sizeBytes)
  const target = targetOf(kept, true)
  const forgetful = {
    ...target,
    async write(from: Uint8Array, offset: number) {
      kept.write(from, offset)
      if (offset > 0) kept.write(Uint8Array.of(1, 2, 3), offset + 17)
    },
  }
  await assert.rejects(datastore.restore(at('a'), forgetful, {}), isFault('corrupt'))
})
