import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { CHUNK_BYTES } from './chunk.ts'
import type { Datastore } from './datastore.ts'
import { dyingStore, watchedStore } from './failing-store.ts'
import { type MemoryDisk, memoryDisk, readerOf } from './memory-disks.ts'
import { assertHolds, at, collectLeaving, keysUnder, noise, noWriters, openOn } from './test-realm.ts'

/** A disk of chunks by their seeds; 0 is zeros. */
function diskOfSeeds(seeds: readonly number[]): MemoryDisk {
  const disk = memoryDisk(seeds.length * CHUNK_BYTES)
  for (const [chunk, seed] of seeds.entries()) if (seed > 0) disk.write(noise(CHUNK_BYTES, seed), chunk * CHUNK_BYTES)
  return disk
}

const write = (datastore: Datastore, id: string, disk: MemoryDisk) =>
  datastore.write({ ...at(id), source: readerOf(disk) })

const run = (from: number, count: number) => Array.from({ length: count }, (_, number) => from + number)

test('what no live backup refers to is freed, and nothing else', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  const [a, b] = [diskOfSeeds(run(1, 20)), diskOfSeeds(run(11, 20))]
  await write(datastore, 'a', a)
  await write(datastore, 'b', b)
  const before = await store.usage('')
  assert.deepEqual(await collectLeaving(datastore, ['a', 'b']), {
    removedPacks: 0,
    removedManifests: 0,
    freedBytes: 0,
    keptBytes: await store.usage('realms/r/packs/'),
  })
  await datastore.removeManifest(at('a'))
  const held = await datastore.heldAlone(at('b'), [])
  const collected = await collectLeaving(datastore, ['b'])
  assert.ok(collected.removedPacks > 0 && collected.freedBytes > 5 * CHUNK_BYTES)
  assert.ok((await store.usage('')) < before - 5 * CHUNK_BYTES)
  assert.equal(await datastore.heldAlone(at('b'), []), held)
  await assertHolds(datastore, 'b', b)
  await collectLeaving(datastore, [])
  assert.deepEqual(await keysUnder(store, ''), [])
})

test('small packs and small segments are joined', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store, 8 << 20)
  for (let day = 0; day < 20; day++) await write(datastore, `day-${day}`, diskOfSeeds([day + 1]))
  const live = run(0, 20).map(day => `day-${day}`)
  await collectLeaving(datastore, live)
  assert.ok((await keysUnder(store, 'realms/r/packs/')).length < 4)
  assert.ok((await keysUnder(store, 'realms/r/index/')).length < 4)
  await using later = openOn(store)
  for (const [day, id] of live.entries()) await assertHolds(later, id, diskOfSeeds([day + 1]))
})

test('a write that began before packs were condemned keeps what it builds on', async () => {
  const store = memoryObjectStore()
  await using writer = openOn(store)
  await using collector = openOn(store) // another process
  const disk = diskOfSeeds(run(1, 12))
  await write(writer, 'old', disk)
  await writer.removeManifest(at('old'))
  const reading = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const source = readerOf(disk, {
    async onRead() {
      reading.resolve()
      await goOn.promise
    },
  })
  const writing = writer.write({ ...at('new'), source })
  await reading.promise
  const live: string[] = []
  const collecting = collector.collect({
    realm: 'r',
    live: async () => live,
    async writersDrained() {
      assert.equal((await keysUnder(store, 'realms/r/condemned/')).length, 1)
      goOn.resolve()
      assert.equal((await writing).storedBytes, 0)
      live.push('new')
    },
  })
  const collected = await collecting
  assert.equal(collected.removedPacks, 0)
  assert.deepEqual(await keysUnder(store, 'realms/r/condemned/'), [])
  await assertHolds(writer, 'new', disk)
})

test('a write that begins after packs were condemned does not build on them', async () => {
  const store = memoryObjectStore()
  await using writer = openOn(store)
  await using collector = openOn(store)
  const disk = diskOfSeeds(run(1, 12))
  await write(writer, 'old', disk)
  await writer.removeManifest(at('old'))
  const live: string[] = []
  await collector.collect({
    realm: 'r',
    live: async () => live,
    async writersDrained() {
      assert.ok((await write(writer, 'new', disk)).storedBytes > 0)
    },
  })
  await assertHolds(writer, 'new', disk)
  // The writer's process has heard nothing of the removal: it looks before it builds on what it knows.
  await write(writer, 'newer', disk)
  await assertHolds(writer, 'newer', disk)
  await assertHolds(collector, 'newer', disk)
})

test('a reader whose chunks move under it finds them again', async () => {
  const store = memoryObjectStore()
  await using reading = openOn(store)
  await using collector = openOn(store)
  const disk = diskOfSeeds(run(1, 30))
  await write(collector, 'all', disk)
  await write(collector, 'some', diskOfSeeds([1, 7, 13, 19, 25]))
  const reader = await reading.open(at('some'))
  await reader.read(0, 10)
  const collected = await collectLeaving(collector, ['some'])
  assert.ok(collected.removedPacks > 0)
  assert.ok(
    (await reader.read(0, reader.sizeBytes)).equals(Buffer.concat([1, 7, 13, 19, 25].map(s => noise(CHUNK_BYTES, s)))),
  )
})

test('a second collector is noticed before anything is removed', async () => {
  const store = memoryObjectStore()
  await using first = openOn(store)
  await using second = openOn(store)
  await write(first, 'a', diskOfSeeds(run(1, 5)))
  const packs = await keysUnder(store, 'realms/r/packs/')
  const writersDrained = async () => {
    await second.collect({ realm: 'r', live: async () => ['a'], writersDrained: noWriters })
  }
  await assert.rejects(first.collect({ realm: 'r', live: async () => [], writersDrained }), /someone else/)
  assert.deepEqual(await keysUnder(store, 'realms/r/packs/'), packs)
})

test('a collection that dies at any step loses nothing, and the next one ends its work', async () => {
  for (let changes = 0; ; changes++) {
    const inner = memoryObjectStore()
    const disks = { a: diskOfSeeds(run(1, 9)), b: diskOfSeeds([1, 5, 9, 20]), c: diskOfSeeds(run(30, 5)) }
    {
      await using datastore = openOn(inner, 1 << 20, 1)
      for (const [id, disk] of Object.entries(disks)) await write(datastore, id, disk)
      await datastore.removeManifest(at('a'))
    }
    const store = dyingStore(inner, changes)
    {
      await using datastore = openOn(store, 1 << 20, 1)
      await collectLeaving(datastore, ['b']).catch(() => undefined)
      await using other = openOn(inner, 1 << 20, 1)
      await assertHolds(other, 'b', disks.b)
      await write(other, 'd', disks.a)
    }
    await using datastore = openOn(inner, 1 << 20, 1)
    await assertHolds(datastore, 'b', disks.b)
    await assertHolds(datastore, 'd', disks.a)
    await collectLeaving(datastore, ['b', 'd'])
    await collectLeaving(datastore, ['b', 'd'])
    await assertHolds(datastore, 'b', disks.b)
    await assertHolds(datastore, 'd', disks.a)
    assert.deepEqual(await keysUnder(inner, 'realms/r/condemned/'), [])
    assert.deepEqual(await keysUnder(inner, 'realms/r/manifests/'), ['realms/r/manifests/b', 'realms/r/manifests/d'])
    if (!store.died()) return
  }
})

/** A store whose every call lets others go first for a while that follows from a seed. */
function jittery(store: ObjectStore, seed: number): ObjectStore {
  let state = seed + 1
  return watchedStore(store, async () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    for (let turn = state % 7; turn > 0; turn--) await setImmediate()
  })
}

test('backups, deletions and collections of two processes in any order: what lives is whole', async () => {
  const seeds = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 10 })
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('write' as const), seeds, process: fc.nat(1), wait: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('collect' as const), process: fc.nat(1) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), fc.nat(), async (steps, seed) => {
      const inner = memoryObjectStore()
      await using one = openOn(jittery(inner, seed), 1 << 19, 1)
      await using two = openOn(jittery(inner, seed + 1), 1 << 19, 1)
      const processes = [one, two]
      const rows = new Map<string, { disk: MemoryDisk; done: boolean }>()
      const writes = new Set<Promise<unknown>>()
      let collecting: Promise<unknown> = Promise.resolve()
      for (const [number, what] of steps.entries()) {
        if (what.do === 'write') {
          const id = `b-${number}`
          const disk = diskOfSeeds(what.seeds)
          rows.set(id, { disk, done: false })
          const writing = write(processes[what.process] ?? one, id, disk).then(() => {
            rows.set(id, { disk, done: true })
            writes.delete(writing)
          })
          writes.add(writing)
          if (what.wait) await writing
        } else if (what.do === 'delete') {
          const done = [...rows].filter(([, row]) => row.done)
          const victim = done[what.which % Math.max(1, done.length)]?.[0]
          if (victim !== undefined) {
            rows.delete(victim)
            await one.removeManifest(at(victim))
          }
        } else {
          const { process } = what
          collecting = collecting.then(() =>
            (processes[process] ?? one).collect({
              realm: 'r',
              live: async () => [...rows.keys()],
              writersDrained: async () => void (await Promise.all([...writes])),
            }),
          )
        }
      }
      await Promise.all([...writes, collecting])
      for (const [id, { disk }] of rows) for (const datastore of processes) await assertHolds(datastore, id, disk)
      await collectLeaving(two, [...rows.keys()])
      await using fresh = openOn(inner, 1 << 20, 1)
      for (const [id, { disk }] of rows) await assertHolds(fresh, id, disk)
    }),
    { numRuns: 25 },
  )
})
