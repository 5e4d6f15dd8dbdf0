import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprints } from './fingerprints.ts'
import { noise } from './test-realm.ts'

const PART = 2 ** 28

test('what is read back as it was written leaves nothing, in whatever order', () => {
  const prints = fingerprints(3 * PART)
  const writes = [0, 5000, PART, 2 * PART + 7].map((offset, seed) => ({ offset, content: noise(1000 + seed, seed) }))
  for (const { offset, content } of writes) prints.toggle(offset, content)
  assert.equal(prints.firstDifference(), 0)
  for (const { offset, content } of writes.toReversed()) prints.toggle(offset, content)
  assert.equal(prints.firstDifference(), undefined)
})

test('a changed bit, an exchange of two writes and a lost one are noticed where they are', () => {
  const [a, b] = [noise(1000, 1), noise(1000, 2)]
  const changed = Buffer.from(a)
  changed[999] = (changed[999] ?? 0) ^ 1
  for (const readBack of [
    [
      { at: PART, content: changed },
      { at: PART + 1000, content: b },
    ],
    [
      { at: PART, content: b },
      { at: PART + 1000, content: a },
    ],
    [{ at: PART, content: a }],
  ]) {
    const prints = fingerprints(2 * PART)
    prints.toggle(PART, a)
    prints.toggle(PART + 1000, b)
    for (const { at, content } of readBack) prints.toggle(at, content)
    assert.equal(prints.firstDifference(), PART)
  }
})
