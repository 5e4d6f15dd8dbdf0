import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { readerOf, targetOf } from './memory-disks.ts'
import { noise, openOn } from './test-realm.ts'

test('smoke', async () => {
  const store = memoryObjectStore()
  const d = openOn(store)
  const disk = Buffer.concat([noise(3_000_000, 1), Buffer.alloc(2_000_000), noise(1_500_001, 2)])
  const w = await d.write({ realm: 'r', id: 'a', source: readerOf(disk) })
  console.log(w)
  console.log(await d.write({ realm: 'r', id: 'b', source: readerOf(disk, true) }))
  const t = targetOf(disk.length)
  console.log(await d.restore({ realm: 'r', id: 'a' }, t, {}))
  assert.ok(Buffer.from(t.content).equals(disk))
  const t2 = targetOf(disk.length + 100, 7)
  await d.restore({ realm: 'r', id: 'b' }, t2, {})
  assert.ok(Buffer.from(t2.content).subarray(0, disk.length).equals(disk))
  const d2 = openOn(store)
  const r = await d2.open({ realm: 'r', id: 'a' })
  assert.ok((await r.read(100, disk.length - 200)).equals(disk.subarray(100, disk.length - 100)))
  console.log(
    await d2.verify({ realm: 'r', id: 'a' }, {}),
    await d2.heldAlone({ realm: 'r', id: 'a' }, []),
    await d2.heldAlone({ realm: 'r', id: 'a' }, [{ realm: 'r', id: 'b' }]),
  )
  for await (const e of r.extents()) console.log(e)
  for await (const o of store.list('')) console.log(o)
  console.log(await d2.collect({ realm: 'r', live: async () => ['b'], writersDrained: async () => {} }))
  console.log(await d2.verify({ realm: 'r', id: 'b' }, {}))
  console.log(await d2.collect({ realm: 'r', live: async () => [], writersDrained: async () => {} }))
  for await (const o of store.list('')) console.log(o)
  await d.close()
  await d2.close()
})
