import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { Fault } from '../ports/fault.ts'
import { CHUNK_BYTES } from './chunk.ts'
import { dyingStore, watchedStore } from './failing-store.ts'
import { diskOf, memoryDisk, readerOf, targetOf } from './memory-disks.ts'
import { assertHolds, at, collectLeaving, keysUnder, noise, openOn } from './test-realm.ts'

const DISK = diskOf(noise(30 * CHUNK_BYTES + 5, 1))

test('a source that fails in the middle leaves the datastore usable, and what was stored is found again', async () => {
  const store = memoryObjectStore()
  await using datastore = openOn(store)
  const source = readerOf(DISK, {
    onRead(offset) {
      if (offset >= 20 * CHUNK_BYTES) throw new Fault('unreadable', 'bad sector')
    },
  })
  await assert.rejects(datastore.write({ ...at('a'), source }), /bad sector/)
  await assert.rejects(datastore.open(at('a')), (error: Fault) => error.kind === 'missing')
  const again = await datastore.write({ ...at('a'), source: readerOf(DISK) })
  assert.ok(again.storedBytes < 20 * CHUNK_BYTES, `${again.storedBytes}`)
  await assertHolds(datastore, 'a', DISK)
})

test('a source that shrinks or lies about its extents is a Fault', async () => {
  await using datastore = openOn(memoryObjectStore())
  const shrunk = { ...readerOf(DISK), checkUnchangedSize: async () => Promise.reject(new Fault('changed', 'smaller')) }
  await assert.rejects(datastore.write({ ...at('a'), source: shrunk }), (error: Fault) => error.kind === 'changed')
  for (const lengths of [[10], [DISK.sizeBytes + 1], [10, DISK.sizeBytes]]) {
    const source = {
      ...readerOf(DISK),
      async *extents() {
        for (const [number, length] of lengths.entries()) yield { offset: number * 20, length, data: true }
      },
    }
    await assert.rejects(datastore.write({ ...at('b'), source }), (error: Fault) => error instanceof Fault)
  }
})

test('an aborted write or restore stops with the reason', async () => {
  await using datastore = openOn(memoryObjectStore())
  const stop = new AbortController()
  const reason = new Error('enough')
  const source = readerOf(DISK, {
    onRead(offset) {
      if (offset >= 8 * CHUNK_BYTES) stop.abort(reason)
    },
  })
  await assert.rejects(datastore.write({ ...at('a'), source, signal: stop.signal }), reason)
  await datastore.write({ ...at('a'), source: readerOf(DISK) })
  const target = targetOf(memoryDisk(DISK.sizeBytes), true)
  await assert.rejects(datastore.restore(at('a'), target, { signal: stop.signal }), reason)
  await assert.rejects(datastore.verify(at('a'), { signal: stop.signal }), reason)
  await assertHolds(datastore, 'a', DISK)
})

test('a full store fails the write soon, and the write after room was made succeeds', async () => {
  const inner = memoryObjectStore()
  let full = true
  const store = watchedStore(inner, (call, [key = '']) => {
    if (full && call === 'put' && key.includes('/packs/')) throw new Fault('full', 'no space left')
  })
  await using datastore = openOn(store)
  let reads = 0
  const large = diskOf(noise(400 * CHUNK_BYTES, 1))
  const onRead = () => {
    reads += 1
  }
  const source = readerOf(large, { onRead })
  await assert.rejects(datastore.write({ ...at('a'), source }), (error: Fault) => error.kind === 'full')
  assert.ok(reads < 80, `${reads} blocks were read after the first pack had failed`)
  assert.deepEqual(await keysUnder(inner, ''), [])
  full = false
  await datastore.write({ ...at('a'), source: readerOf(DISK) })
  await assertHolds(datastore, 'a', DISK)
})

test('a target that is too small is refused before the first write', async () => {
  await using datastore = openOn(memoryObjectStore())
  await datastore.write({ ...at('a'), source: readerOf(DISK) })
  const target = targetOf(memoryDisk(DISK.sizeBytes - 1), true)
  await assert.rejects(datastore.restore(at('a'), target, {}), (error: Fault) => error.kind === 'denied')
  assert.deepEqual(target.calls, [])
})

test('a crash before any change of a write leaves older backups whole, and only garbage', async () => {
  for (let changes = 0; ; changes++) {
    const inner = memoryObjectStore()
    {
      await using datastore = openOn(inner, 1 << 20, 1)
      await datastore.write({ ...at('old'), source: readerOf(diskOf(noise(5 * CHUNK_BYTES, 1))) })
    }
    const before = await keysUnder(inner, '')
    const store = dyingStore(inner, changes)
    {
      await using datastore = openOn(store, 1 << 20, 1)
      await datastore.write({ ...at('new'), source: readerOf(DISK) }).catch((error: unknown) => {
        assert.ok(error instanceof Fault)
      })
    }
    await using datastore = openOn(inner, 1 << 20, 1)
    await assertHolds(datastore, 'old', diskOf(noise(5 * CHUNK_BYTES, 1)))
    if (!store.died()) {
      await assertHolds(datastore, 'new', DISK)
      assert.ok(changes > 5)
      return
    }
    await assert.rejects(datastore.open(at('new')), (error: Fault) => error.kind === 'missing')
    await collectLeaving(datastore, ['old'])
    const left = await keysUnder(inner, 'realms/r/packs/')
    assert.equal(left.length, before.filter(key => key.includes('/packs/')).length)
    await assertHolds(datastore, 'old', diskOf(noise(5 * CHUNK_BYTES, 1)))
  }
})
