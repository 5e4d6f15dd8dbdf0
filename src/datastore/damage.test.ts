import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { CHUNK_BYTES } from './chunk.ts'
import type { Checked, Datastore } from './datastore.ts'
import { diskOf, type MemoryDisk, readerOf } from './memory-disks.ts'
import { assertHolds, at, collectLeaving, keysUnder, noise, openOn } from './test-realm.ts'

const CONTENT = noise(9 * CHUNK_BYTES + 777, 1)
const DISK = diskOf(CONTENT)
/** Another disk that has the first chunks of it. */
const PART = diskOf(CONTENT.subarray(0, 3 * CHUNK_BYTES))
const PACKS = 'realms/r/packs/'
const NOTES = 'realms/r/damaged/'

const write = (datastore: Datastore, id: string, disk: MemoryDisk = DISK) =>
  datastore.write({ ...at(id), source: readerOf(disk) })

async function storeWith(backups: Readonly<Record<string, MemoryDisk>>): Promise<ObjectStore> {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  for (const [id, disk] of Object.entries(backups)) await write(datastore, id, disk)
  return store
}

async function flip(store: ObjectStore, key: string, place: number): Promise<void> {
  const object = await store.get(key)
  object[place] = (object[place] ?? 0) ^ 0x10
  await store.put(key, [object])
}

/** Damages one chunk that both disks have; the key of its pack. */
async function damageSharedChunk(store: ObjectStore): Promise<Damaged> {
  for (const key of await keysUnder(store, PACKS)) {
    const { length } = await store.get(key)
    for (let place = 1000; place < length; place += CHUNK_BYTES / 2) {
      await flip(store, key, place)
      await using datastore = openOn(store)
      const { problems } = await datastore.verify(at('part'), {})
      if (problems[0]?.backups.length === 2) return { key, place }
      await flip(store, key, place)
      await datastore.repair('r')
    }
  }
  throw new Error('no pack holds such a chunk')
}

interface Damaged {
  readonly key: string
  readonly place: number
}

const check = (datastore: Datastore): Promise<Checked> => datastore.check({ realm: 'r', read: true })

test('damage is told with the chunk, the pack and every backup it touches', async () => {
  const store = await storeWith({ whole: DISK, part: PART, other: diskOf(noise(5 * CHUNK_BYTES, 7)) })
  const { key } = await damageSharedChunk(store)
  await using datastore = openOn(store)
  const { problems, chunks, checkedChunks } = await datastore.verify(at('whole'), {})
  assert.equal(problems.length, 1)
  assert.deepEqual(problems[0]?.backups, ['part', 'whole'])
  assert.ok(key.endsWith(problems[0]?.pack ?? '-'))
  assert.equal(chunks, 11) // ten chunks and their page
  assert.equal(checkedChunks, chunks)
  assert.deepEqual((await datastore.verify(at('other'), {})).problems, [])
})

test('nothing is built on a damaged chunk, in no process; the next backup of the same data heals the old ones', async () => {
  const store = await storeWith({ whole: DISK, part: PART })
  const { key } = await damageSharedChunk(store)
  await using reader = openOn(store) // has its index before anybody mends anything
  assert.equal((await reader.verify(at('whole'), {})).problems.length, 1)
  {
    await using writer = openOn(store)
    const { storedBytes } = await write(writer, 'again')
    assert.ok(storedBytes >= CHUNK_BYTES && storedBytes < CHUNK_BYTES + 1000, `${storedBytes}`)
    assert.equal((await write(writer, 'once-more')).storedBytes, 0)
  }
  await assertHolds(reader, 'whole', DISK)
  await using later = openOn(store)
  for (const id of ['whole', 'again', 'once-more']) await assertHolds(later, id, DISK)
  await assertHolds(later, 'part', PART)
  assert.deepEqual((await check(later)).damaged, [])
  // The bad copy is left behind when its pack is rewritten, and its note with it.
  await collectLeaving(later, ['part'])
  await collectLeaving(later, ['part'])
  assert.ok(!(await keysUnder(store, PACKS)).includes(key))
  assert.deepEqual(await keysUnder(store, NOTES), [])
  await assertHolds(later, 'part', PART)
})

test('what a restore stumbles over is not built on either', async () => {
  const store = await storeWith({ whole: DISK, part: PART })
  await damageSharedChunk(store)
  for (const note of await keysUnder(store, NOTES)) await store.remove([note])
  {
    await using datastore = openOn(store)
    await assert.rejects((await datastore.open(at('part'))).read(0, 10), /does not open/)
    await datastore.open(at('part')) // whoever looks into the realm next writes the note
  }
  assert.equal((await keysUnder(store, NOTES)).length, 1)
  await using datastore = openOn(store)
  assert.ok((await write(datastore, 'again')).storedBytes > 0)
  await assertHolds(datastore, 'part', PART)
})

test('a part of the chunks is read, and all are looked for', async () => {
  const store = await storeWith({ whole: DISK, part: PART })
  await using datastore = openOn(store)
  const none = await datastore.verify(at('whole'), { part: 0 })
  assert.deepEqual([none.chunks, none.checkedChunks], [11, 1])
  const read = new Set<number>()
  for (let run = 0; run < 20; run++) read.add((await datastore.verify(at('whole'), { part: 0.5 })).checkedChunks)
  assert.ok(read.size > 1 && Math.max(...read) <= 11 && Math.min(...read) >= 1, [...read].join(' '))
  await store.remove(await keysUnder(store, PACKS))
  await store.remove(await keysUnder(store, 'realms/r/index/'))
  await using later = openOn(store)
  assert.ok((await later.verify(at('whole'), { part: 0 })).problems.length > 0)
})

test('a check finds every sort of damage, and none where there is none', async () => {
  const store = await storeWith({ whole: DISK, part: PART })
  {
    await using datastore = openOn(store)
    const found = await check(datastore)
    assert.deepEqual([found.damaged, found.problems, found.manifests, found.chunks], [[], [], 2, 12])
    assert.equal(found.readBytes, await store.usage(PACKS))
  }
  const [pack = ''] = await keysUnder(store, PACKS)
  const [segment = ''] = await keysUnder(store, 'realms/r/index/')
  const { length } = await store.get(pack)
  await flip(store, pack, length - 40) // its table
  await flip(store, segment, 90)
  await flip(store, 'realms/r/manifests/part', 40)
  await using datastore = openOn(store)
  const { problems } = await datastore.check({ realm: 'r', read: false })
  assert.deepEqual(problems.map(({ object }) => object).sort(), ['index segment', 'manifest', 'pack'])
  assert.deepEqual(problems.find(({ object }) => object === 'manifest')?.backups, ['part'])
})

test('lost packs are told with what was in them and who needs it', async () => {
  const store = await storeWith({ whole: DISK })
  const [pack = '', ...others] = await keysUnder(store, PACKS)
  await store.remove([pack, ...others])
  await using datastore = openOn(store)
  const { damaged } = await check(datastore)
  assert.ok(damaged.length > 0)
  assert.ok(damaged.every(({ pack, backups }) => pack !== '' && backups[0] === 'whole'))
})

test('a check that was cut short goes on where it was, and tells what the first part found', async () => {
  const store = memoryObjectStore()
  {
    await using datastore = openOn(store, 1 << 19)
    await write(datastore, 'whole')
    await write(datastore, 'part', PART)
  }
  for (const key of await keysUnder(store, PACKS)) await flip(store, key, 50)
  await using datastore = openOn(store)
  const all = await keysUnder(store, PACKS)
  assert.ok(all.length > 3)
  const stop = new AbortController()
  const seen: string[] = []
  const first = datastore.check({
    realm: 'r',
    read: true,
    signal: stop.signal,
    async onPack(pack) {
      seen.push(pack)
      if (seen.length === 2) stop.abort(new Error('enough'))
    },
  })
  await assert.rejects(first, /enough/)
  await using later = openOn(store)
  const rest = await later.check({
    realm: 'r',
    read: true,
    after: seen.at(-1) ?? '',
    onPack: async pack => void seen.push(pack),
  })
  assert.equal(seen.length, new Set(seen).size)
  assert.deepEqual(new Set(rest.damaged.map(({ pack }) => pack)).size, all.length)
})

test('a check is held to its rate', async () => {
  const store = await storeWith({ whole: DISK })
  await using datastore = openOn(store)
  const began = performance.now()
  await datastore.check({ realm: 'r', read: true, bytesPerSecond: 4 * CHUNK_BYTES })
  const seconds = (performance.now() - began) / 1000
  assert.ok(seconds > 1, `${seconds} s for what should take two`)
})

test('a repair makes the index of the packs, and trusts again what reads well again', async () => {
  const store = await storeWith({ whole: DISK, part: PART })
  const { key, place } = await damageSharedChunk(store)
  {
    await using datastore = openOn(store)
    const repaired = await datastore.repair('r')
    assert.deepEqual([repaired.mendedPlaces, repaired.damagedPlaces], [0, 1])
  }
  await flip(store, key, place) // the disk under it was put right
  const [segment = ''] = await keysUnder(store, 'realms/r/index/')
  await flip(store, segment, 90)
  {
    await using datastore = openOn(store)
    const repaired = await datastore.repair('r')
    assert.ok(repaired.reindexedChunks > 0)
    assert.deepEqual([repaired.mendedPlaces, repaired.damagedPlaces], [1, 0])
  }
  assert.ok(!(await keysUnder(store, 'realms/r/index/')).includes(segment))
  assert.deepEqual(await keysUnder(store, NOTES), [])
  await using datastore = openOn(store)
  assert.equal((await write(datastore, 'again')).storedBytes, 0)
  const { damaged, problems } = await check(datastore)
  assert.deepEqual([damaged, problems], [[], []])
})

test('a repair drops rows of packs that are gone, and what they held is stored again', async () => {
  const store = await storeWith({ whole: DISK })
  await store.remove(await keysUnder(store, PACKS))
  await using datastore = openOn(store)
  await datastore.repair('r')
  assert.deepEqual(await keysUnder(store, 'realms/r/index/'), [])
  await write(datastore, 'again')
  await assertHolds(datastore, 'whole', DISK)
})

test('the realms are those that have objects', async () => {
  const store = await storeWith({ whole: DISK })
  await using datastore = openOn(store)
  await datastore.write({ realm: 'other', id: 'a', source: readerOf(PART) })
  assert.deepEqual([...(await datastore.realms())].sort(), ['other', 'r'])
})
