import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { Fault } from '../ports/fault.ts'
import { CHUNK_BYTES } from './chunk.ts'
import type { Datastore } from './datastore.ts'
import { type StoreCall, watchedStore } from './failing-store.ts'
import { diskOf, type MemoryDisk, memoryDisk, readerOf } from './memory-disks.ts'
import { assertHolds, at, collectLeaving, keysUnder, noise, noWriters, openOn } from './test-realm.ts'

const PACKS = 'realms/r/packs/'

/** One disk in two versions: of the second, every fourth chunk is another. */
const diskNumber = (number: number, version = 0): MemoryDisk => {
  const content = noise(8 * CHUNK_BYTES, number + 1)
  if (version > 0) {
    for (const chunk of [0, 4]) content.set(noise(CHUNK_BYTES, 1000 * version + number), chunk * CHUNK_BYTES)
  }
  return diskOf(content)
}

const write = (datastore: Datastore, id: string, disk: MemoryDisk) =>
  datastore.write({ ...at(id), source: readerOf(disk) })

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number)

test('a collection looks only at manifests that came or went', async () => {
  const inner = memoryObjectStore()
  const calls: [StoreCall, string][] = []
  await using datastore = openOn(watchedStore(inner, (call, [key = '']) => void calls.push([call, key])))
  const live = new Set<string>()
  for (const number of numbers(30)) {
    await write(datastore, `b-${number}`, diskNumber(number % 5, Math.floor(number / 5)))
    live.add(`b-${number}`)
  }
  const readBy = async (): Promise<number> => {
    calls.length = 0
    await collectLeaving(datastore, [...live])
    return calls.filter(([call]) => call === 'get' || call === 'getRange').length
  }
  assert.ok((await readBy()) >= 30)
  assert.equal(await readBy(), 0)
  await write(datastore, 'new', diskNumber(3, 9))
  live.add('new')
  await datastore.removeManifest(at('b-7'))
  live.delete('b-7')
  const read = await readBy()
  assert.ok(read > 0 && read < 20, `${read} reads`)
  assert.deepEqual((await datastore.check({ realm: 'r', read: true })).damaged, [])
  await using fresh = openOn(inner)
  const before = await inner.usage(PACKS)
  await collectLeaving(fresh, [...live])
  assert.equal(await inner.usage(PACKS), before, 'counting from the start finds nothing more to free')
})

test('a manifest that may still be replaced is read anew, whatever was counted of it', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  await using other = openOn(store)
  const collect = () =>
    datastore.collect({ realm: 'r', live: async () => ['a'], unsettled: async () => ['a'], writersDrained: noWriters })
  await write(datastore, 'a', diskNumber(1))
  await collect()
  // The job was cut short before it could publish, and ran again elsewhere.
  await other.removeManifest(at('a'))
  await write(other, 'a', diskNumber(2))
  await collect()
  await collect()
  await assertHolds(datastore, 'a', diskNumber(2))
  assert.ok((await store.usage(PACKS)) < 9 * CHUNK_BYTES, 'what the first run wrote is gone')
})

test('a write that runs again, and ends, while a collection waits for it keeps all its bytes', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  await write(datastore, 'a', diskNumber(1))
  await write(datastore, 'dead', diskNumber(3))
  let ended = false
  await datastore.collect({
    realm: 'r',
    live: async () => ['a'],
    unsettled: async () => (ended ? [] : ['a']),
    async writersDrained() {
      await datastore.removeManifest(at('a'))
      await write(datastore, 'a', diskNumber(2))
      ended = true
    },
  })
  await collectLeaving(datastore, ['a'])
  await assertHolds(datastore, 'a', diskNumber(2))
})

test('what two processes collect in turn, both count right', async () => {
  const store = memoryObjectStore()
  await using one = openOn(store, 1 << 19)
  await using two = openOn(store, 1 << 19)
  const live = new Map<string, MemoryDisk>()
  for (const round of numbers(12)) {
    const [writer, collector] = round % 2 === 0 ? [one, two] : [two, one]
    const disk = diskNumber(round % 3, round)
    await write(writer, `r-${round}`, disk)
    live.set(`r-${round}`, disk)
    if (round > 3) {
      await writer.removeManifest(at(`r-${round - 4}`))
      live.delete(`r-${round - 4}`)
    }
    if (round % 3 !== 0) await collectLeaving(collector, [...live.keys()])
  }
  await collectLeaving(one, [...live.keys()])
  for (const [id, disk] of live) for (const datastore of [one, two]) await assertHolds(datastore, id, disk)
  const kept = await store.usage(PACKS)
  await using fresh = openOn(store, 1 << 19)
  await collectLeaving(fresh, [...live.keys()])
  assert.equal(await store.usage(PACKS), kept)
})

/** Many packs that are dead but for a few chunks; `keep` refers to those. */
async function sparseStore(rounds: number) {
  const store = memoryObjectStore()
  await using datastore = openOn(store, 1 << 20)
  const kept: number[] = []
  for (const round of numbers(rounds)) {
    await write(datastore, `all-${round}`, diskNumber(round))
    kept.push(round)
  }
  const some = Buffer.concat(kept.map(round => noise(8 * CHUNK_BYTES, round + 1).subarray(0, CHUNK_BYTES)))
  await write(datastore, 'keep', diskOf(some))
  return { store, disk: diskOf(some) }
}

test('one cycle gives the space back, in steps that a stop does not undo', async () => {
  const { store: inner, disk } = await sparseStore(40)
  const full = await inner.usage(PACKS)
  const stop = new AbortController()
  let removals = 0
  const store = watchedStore(inner, (call, [key = '']) => {
    if (call === 'remove' && key.startsWith(PACKS) && ++removals === 60) stop.abort(new Error('the service stops'))
  })
  {
    await using datastore = openOn(store, 1 << 20)
    const request = { realm: 'r', live: async () => ['keep'], writersDrained: noWriters, signal: stop.signal }
    await assert.rejects(datastore.collect(request), /the service stops/)
  }
  const halfway = await inner.usage(PACKS)
  assert.ok(halfway < full * 0.8, `${halfway} of ${full}`)
  await using datastore = openOn(inner, 1 << 20)
  await assertHolds(datastore, 'keep', disk)
  await collectLeaving(datastore, ['keep'])
  await assertHolds(datastore, 'keep', disk)
  assert.ok((await inner.usage(PACKS)) < 1.6 * disk.sizeBytes)
})

test('a store that is full gets room again, and loses nothing', async () => {
  const { store: inner, disk } = await sparseStore(40)
  const gone = diskNumber(99)
  {
    await using datastore = openOn(inner, 1 << 20)
    await write(datastore, 'gone', gone)
  }
  const isFull = { packs: true, index: true }
  const store = watchedStore(inner, (call, [key = '']) => {
    if (call !== 'put') return
    if ((isFull.packs && key.startsWith(PACKS)) || (isFull.index && key.includes('/index/'))) {
      throw new Fault('full', 'no space left')
    }
  })
  await using datastore = openOn(store, 1 << 20)
  const before = await inner.usage(PACKS)
  const collected = await collectLeaving(datastore, ['keep'])
  assert.ok(collected.removedPacks > 0 && (await inner.usage(PACKS)) < before - 7 * CHUNK_BYTES)
  await assertHolds(datastore, 'keep', disk)
  {
    await using other = openOn(inner, 1 << 20)
    await assertHolds(other, 'keep', disk)
    assert.ok((await write(other, 'again', gone)).storedBytes > 8 * CHUNK_BYTES, 'nothing is built on what went')
    await assertHolds(other, 'again', gone)
  }
  isFull.packs = false
  isFull.index = false
  await collectLeaving(datastore, ['keep', 'again'])
  await using fresh = openOn(inner, 1 << 20)
  await assertHolds(fresh, 'keep', disk)
  await assertHolds(fresh, 'again', gone)
  assert.deepEqual(await keysUnder(inner, 'realms/r/condemned/'), [])
  assert.ok((await inner.usage(PACKS)) < 1.6 * (disk.sizeBytes + gone.sizeBytes))
})

test('a store that has no room for the index of what a write left gets room again', async () => {
  const { store: inner, disk } = await sparseStore(6)
  {
    await using datastore = openOn(inner, 1 << 20)
    await write(datastore, 'gone', diskNumber(99))
  }
  // No pack is in the index: what a process leaves that stored packs and was killed.
  await inner.remove(await keysUnder(inner, 'realms/r/index/'))
  let isFull = true
  const store = watchedStore(inner, (call, [key = '']) => {
    if (isFull && call === 'put' && !key.includes('/condemned/')) throw new Fault('full', 'no space left')
  })
  await using datastore = openOn(store, 1 << 20)
  const before = await inner.usage(PACKS)
  assert.ok((await collectLeaving(datastore, ['keep'])).removedPacks > 0)
  assert.ok((await inner.usage(PACKS)) < before - 7 * CHUNK_BYTES)
  await assertHolds(datastore, 'keep', disk)
  isFull = false
  await collectLeaving(datastore, ['keep'])
  await using fresh = openOn(inner, 1 << 20)
  await assertHolds(fresh, 'keep', disk)
  assert.deepEqual((await fresh.check({ realm: 'r', read: true })).problems, [])
})

test('a full store at any write of a collection leaves nothing half done', async () => {
  for (let puts = 0; ; puts++) {
    const { store: inner, disk } = await sparseStore(3)
    let left = puts
    const store = watchedStore(inner, call => {
      if (call === 'put' && left-- <= 0) throw new Fault('full', 'no space left')
    })
    {
      await using datastore = openOn(store, 1 << 20)
      await collectLeaving(datastore, ['keep']).catch((error: unknown) => {
        assert.ok(error instanceof Fault && error.kind === 'full')
      })
      await assertHolds(datastore, 'keep', disk)
    }
    await using datastore = openOn(inner, 1 << 20)
    await assertHolds(datastore, 'keep', disk)
    await collectLeaving(datastore, ['keep'])
    await assertHolds(datastore, 'keep', disk)
    assert.deepEqual((await datastore.check({ realm: 'r', read: true })).problems, [])
    if (left >= 0) return
  }
})

test('moving chunks is held to its rate', async () => {
  const { store } = await sparseStore(6)
  await using datastore = openOn(store, 1 << 20)
  const began = performance.now()
  const bytesPerSecond = 4 * CHUNK_BYTES
  await datastore.collect({ realm: 'r', live: async () => ['keep'], writersDrained: noWriters, bytesPerSecond })
  const seconds = (performance.now() - began) / 1000
  assert.ok(seconds > 0.7, `${seconds} s`)
})

test('measuring what a backup holds alone reads only pages that differ', async () => {
  const inner = memoryObjectStore()
  let reads = 0
  const store = watchedStore(inner, call => {
    if (call === 'getRange') reads += 1
  })
  await using datastore = openOn(store)
  const page = 1024 * CHUNK_BYTES
  const disk = memoryDisk(40 * page)
  for (const number of numbers(40)) disk.write(noise(CHUNK_BYTES, number), number * page)
  await write(datastore, 'a', disk)
  disk.write(noise(CHUNK_BYTES, 77), 5 * page)
  await write(datastore, 'b', disk)
  disk.write(noise(CHUNK_BYTES, 78), 6 * page)
  await write(datastore, 'c', disk)
  reads = 0
  const alone = await datastore.heldAlone(at('b'), [at('a'), at('c')])
  assert.equal(reads, 0, 'both its new pages are in a neighbour')
  assert.equal(alone, 0)
  assert.ok((await datastore.heldAlone(at('b'), [at('a')])) > CHUNK_BYTES)
  assert.equal(reads, 2)
})
