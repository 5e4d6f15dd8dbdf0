import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orderedIds } from './ordered-ids.ts'

test('ids of one moment are UUIDs of version 7, in order and never the same', () => {
  const at = new Date('2022-02-22T19:22:22.000Z') // the example of RFC 9562, A.6
  const sources = [orderedIds(at), orderedIds(at)]
  const made = sources.map(next => Array.from({ length: 4096 }, next))
  for (const ids of made) {
    assert.deepEqual(ids, ids.toSorted())
    for (const id of ids) assert.match(id, /^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
  assert.equal(new Set(made.flat()).size, 2 * 4096)
  assert.throws(() => sources[0]?.(), RangeError)
})
