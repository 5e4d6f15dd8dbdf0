import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE } from './chunk.ts'
import { diskOf, memoryDisk, readerOf, sameContent, targetOf } from './memory-disks.ts'
import { assertHolds, at, noise, openOn } from './test-realm.ts'

const PAGE = CHUNK_BYTES * CHUNKS_PER_PAGE

/** Sizes around the borders of chunks, blocks and pages. */
const sizes = fc
  .tuple(fc.constantFrom(0, CHUNK_BYTES, 4 * CHUNK_BYTES, PAGE, 2 * PAGE), fc.integer({ min: -3, max: 3 }))
  .map(([border, by]) => Math.max(0, border + by))
/** Where something is written, from the start or the end, and of which seed: few seeds make duplicates. */
const patches = fc.array(
  fc.record({
    chunk: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1020, max: 1030 })),
    shift: fc.constantFrom(0, 0, 0, 1, 70_000),
    length: fc.constantFrom(1, CHUNK_BYTES, CHUNK_BYTES, 3 * CHUNK_BYTES + 17),
    seed: fc.integer({ min: 1, max: 3 }),
    fromEnd: fc.boolean(),
  }),
  { maxLength: 6 },
)

function diskWith(sizeBytes: number, pieces: typeof patches extends fc.Arbitrary<infer T> ? T : never) {
  const disk = memoryDisk(sizeBytes)
  for (const { chunk, shift, length, seed, fromEnd } of pieces) {
    const offset = fromEnd ? sizeBytes - length - chunk * CHUNK_BYTES - shift : chunk * CHUNK_BYTES + shift
    if (offset < 0 || offset >= sizeBytes) continue
    disk.write(noise(Math.min(length, sizeBytes - offset), seed), offset)
  }
  return disk
}

test('any disk comes back as it was, by every way of reading', async () => {
  await using datastore = openOn(memoryObjectStore())
  let run = 0
  await fc.assert(
    fc.asyncProperty(sizes, patches, fc.boolean(), async (sizeBytes, pieces, holes) => {
      const disk = diskWith(sizeBytes, pieces)
      const id = `run-${run++}`
      const written = await datastore.write({ ...at(id), source: readerOf(disk, { holes }) })
      assert.equal(written.sizeBytes, sizeBytes)
      await assertHolds(datastore, id, disk)

      const used = memoryDisk(sizeBytes + 5000)
      used.write(noise(Math.min(used.sizeBytes, 3 * CHUNK_BYTES), 9), 0)
      used.write(noise(Math.min(used.sizeBytes, 5000), 9), used.sizeBytes - Math.min(used.sizeBytes, 5000))
      await datastore.restore(at(id), targetOf(used, false), {})
      const expected = diskWith(sizeBytes, pieces)
      assert.ok(sameContent(used, { ...expected, sizeBytes: used.sizeBytes }), 'a used target keeps nothing of its own')

      const reader = await datastore.open(at(id))
      assert.equal(reader.digest, written.digest)
      const from = Math.max(0, sizeBytes - CHUNK_BYTES - 5)
      const tail = new Uint8Array(sizeBytes - from)
      disk.read(tail, from)
      assert.ok((await reader.read(from, tail.length)).equals(tail))
      let end = 0
      for await (const extent of reader.extents()) {
        assert.equal(extent.offset, end)
        end += extent.length
      }
      assert.equal(end, sizeBytes)
    }),
    { numRuns: 40 },
  )
})

test('what the realm has is not stored again', async () => {
  await using datastore = openOn(memoryObjectStore())
  const content = noise(5 * CHUNK_BYTES + 1000, 1)
  const first = await datastore.write({ ...at('a'), source: readerOf(diskOf(content)) })
  assert.equal(first.dataBytes, content.length)
  assert.ok(first.storedBytes > content.length && first.storedBytes < content.length + 1000)
  assert.equal(first.fullBytes, first.storedBytes)

  const again = await datastore.write({ ...at('b'), source: readerOf(diskOf(content)) })
  assert.deepEqual({ ...again, storedBytes: first.storedBytes }, first)
  assert.equal(again.storedBytes, 0)

  const changed = Buffer.from(content)
  changed[CHUNK_BYTES] = (changed[CHUNK_BYTES] ?? 0) ^ 1
  const third = await datastore.write({ ...at('c'), source: readerOf(diskOf(changed)) })
  assert.ok(third.storedBytes >= CHUNK_BYTES && third.storedBytes < CHUNK_BYTES + 1000, `${third.storedBytes}`)
  assert.notEqual(third.digest, first.digest)

  const elsewhere = await datastore.write({ realm: 'other', id: 'a', source: readerOf(diskOf(content)) })
  assert.equal(elsewhere.storedBytes, first.storedBytes, 'realms share nothing')
  assert.equal(elsewhere.digest, first.digest, 'the digest is of the content alone')
})

test('repetition within a disk is stored once, zeros not at all', async () => {
  await using datastore = openOn(memoryObjectStore())
  const disk = memoryDisk(64 * CHUNK_BYTES)
  for (let chunk = 8; chunk < 40; chunk++) disk.write(noise(CHUNK_BYTES, 4), chunk * CHUNK_BYTES)
  const written = await datastore.write({ ...at('a'), source: readerOf(disk) })
  assert.equal(written.dataBytes, 32 * CHUNK_BYTES)
  assert.ok(written.storedBytes < CHUNK_BYTES + 3000, `${written.storedBytes}`)
  await assertHolds(datastore, 'a', disk)
})

test('backups that run at the same time store what they share once', async () => {
  await using datastore = openOn(memoryObjectStore())
  const content = noise(40 * CHUNK_BYTES, 1)
  const ids = ['a', 'b', 'c']
  const all = await Promise.all(ids.map(id => datastore.write({ ...at(id), source: readerOf(diskOf(content)) })))
  const stored = all.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
  assert.ok(stored < content.length + 5000, `${stored}`)
  for (const id of ids) await assertHolds(datastore, id, diskOf(content))
})

test('many realms write at once, more than there are pack buffers', async () => {
  await using datastore = openOn(memoryObjectStore())
  const realms = Array.from({ length: 9 }, (_, number) => `realm-${number}`)
  const write = (realm: string, seed: number) =>
    datastore.write({ realm, id: 'a', source: readerOf(diskOf(noise(9 * CHUNK_BYTES, seed))) })
  await Promise.all(realms.map(write))
  for (const realm of realms) assert.deepEqual((await datastore.verify({ realm, id: 'a' }, {})).problems, [])
})

test('with a base, only what changed is read', async () => {
  await using datastore = openOn(memoryObjectStore())
  const disk = diskOf(noise(20 * CHUNK_BYTES + 100, 1), 30 * CHUNK_BYTES)
  await datastore.write({ ...at('base'), source: readerOf(disk) })
  disk.write(noise(10, 2), 3 * CHUNK_BYTES + 5)
  disk.write(noise(CHUNK_BYTES, 3), 25 * CHUNK_BYTES)
  disk.zero(7 * CHUNK_BYTES, CHUNK_BYTES)
  const reads: number[] = []
  const source = readerOf(disk, { onRead: offset => void reads.push(offset / CHUNK_BYTES) })
  const changed = [
    { offset: 25 * CHUNK_BYTES + 1, length: 5, data: true },
    { offset: 3 * CHUNK_BYTES + 5, length: 10, data: true },
    { offset: 7 * CHUNK_BYTES, length: CHUNK_BYTES, data: false },
  ]
  const written = await datastore.write({ ...at('next'), source, base: at('base'), changed })
  assert.deepEqual(
    reads.sort((a, b) => a - b),
    [3, 7, 25],
  )
  assert.equal(written.dataBytes, 21 * CHUNK_BYTES)
  await assertHolds(datastore, 'next', disk)
})

test('a base that is gone, damaged or of another size costs only reading', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  const disk = diskOf(noise(6 * CHUNK_BYTES + 100, 1))
  await datastore.write({ ...at('base'), source: readerOf(disk) })
  const larger = diskOf(noise(9 * CHUNK_BYTES, 1))
  const changed = [{ offset: 6 * CHUNK_BYTES, length: 3 * CHUNK_BYTES, data: true }]
  await datastore.write({ ...at('larger'), source: readerOf(larger), base: at('base'), changed })
  await assertHolds(datastore, 'larger', larger)
  const smaller = diskOf(noise(2 * CHUNK_BYTES + 7, 1))
  await datastore.write({ ...at('smaller'), source: readerOf(smaller), base: at('base'), changed: [] })
  await assertHolds(datastore, 'smaller', smaller)
  await datastore.write({ ...at('orphan'), source: readerOf(disk), base: at('nothing'), changed: [] })
  await assertHolds(datastore, 'orphan', disk)
  await store.put('realms/r/manifests/base', [Buffer.from('no manifest')])
  await datastore.write({ ...at('saved'), source: readerOf(disk), base: at('base'), changed: [] })
  await assertHolds(datastore, 'saved', disk)
})

test('what only one backup holds is told beside its neighbours', async () => {
  await using datastore = openOn(memoryObjectStore())
  const disk = diskOf(noise(8 * CHUNK_BYTES, 1))
  const first = await datastore.write({ ...at('a'), source: readerOf(disk) })
  disk.write(noise(CHUNK_BYTES, 2), 0)
  const second = await datastore.write({ ...at('b'), source: readerOf(disk) })
  disk.write(noise(CHUNK_BYTES, 3), 0)
  await datastore.write({ ...at('c'), source: readerOf(disk) })
  assert.equal(await datastore.heldAlone(at('a'), []), first.fullBytes)
  assert.equal(await datastore.heldAlone(at('b'), [at('a'), at('c')]), second.storedBytes)
  assert.equal(await datastore.heldAlone(at('a'), [at('a')]), 0)
  assert.equal(await datastore.heldAlone(at('b'), [at('gone')]), second.fullBytes)
})

test('a restore writes in order, leaves zeros of a blank target alone, and flushes', async () => {
  await using datastore = openOn(memoryObjectStore())
  const disk = memoryDisk(20 * CHUNK_BYTES)
  disk.write(noise(2 * CHUNK_BYTES, 1), 2 * CHUNK_BYTES)
  disk.write(noise(CHUNK_BYTES, 2), 19 * CHUNK_BYTES)
  await datastore.write({ ...at('a'), source: readerOf(disk) })
  const blank = targetOf(memoryDisk(disk.sizeBytes), true)
  const done: number[] = []
  const restored = await datastore.restore(at('a'), blank, { onProgress: bytes => done.push(bytes) })
  assert.equal(restored.writtenBytes, 3 * CHUNK_BYTES)
  assert.deepEqual(blank.calls, [
    `write ${2 * CHUNK_BYTES} ${2 * CHUNK_BYTES}`,
    `write ${19 * CHUNK_BYTES} ${CHUNK_BYTES}`,
    'flush',
  ])
  assert.equal(done.at(-1), disk.sizeBytes)
  const used = targetOf(memoryDisk(disk.sizeBytes), false)
  await datastore.restore(at('a'), used, {})
  assert.deepEqual(used.calls, [
    `zero 0 ${2 * CHUNK_BYTES}`,
    `write ${2 * CHUNK_BYTES} ${2 * CHUNK_BYTES}`,
    `zero ${4 * CHUNK_BYTES} ${15 * CHUNK_BYTES}`,
    `write ${19 * CHUNK_BYTES} ${CHUNK_BYTES}`,
    'flush',
  ])
})
