import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSlowDown } from './slow-down.ts'

const minute = 60_000

test('the wait doubles with each failure, up to the longest', () => {
  const slowDown = openSlowDown({ free: 3, longestMs: 10_000 })
  const waits: number[] = []
  let now = 0
  for (let failure = 1; failure <= 9; failure += 1) {
    slowDown.failed('a', now)
    let waited = 0
    while (slowDown.mustWait('a', now + waited)) waited += 500
    waits.push(waited)
    now += waited
  }
  assert.deepEqual(waits, [0, 0, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
  assert.equal(slowDown.mustWait('b', 0), false)
})

test('success ends it, and so does a quarter of an hour without failure', () => {
  const slowDown = openSlowDown({ free: 1, longestMs: minute })
  for (let failure = 0; failure < 5; failure += 1) slowDown.failed('a', 0)
  assert.equal(slowDown.mustWait('a', 15_000), true)
  slowDown.succeeded('a')
  assert.equal(slowDown.mustWait('a', 15_000), false)
  for (let failure = 0; failure < 5; failure += 1) slowDown.failed('a', 0)
  const later = 16_000 + 15 * minute
  slowDown.failed('a', later)
  assert.equal(slowDown.mustWait('a', later + 999), true)
  assert.equal(slowDown.mustWait('a', later + 1000), false)
})

test('a thousand failures make no wait that overflows', () => {
  const slowDown = openSlowDown({ free: 1, longestMs: minute })
  for (let failure = 0; failure < 1000; failure += 1) slowDown.failed('a', 0)
  assert.equal(slowDown.mustWait('a', minute - 1), true)
  assert.equal(slowDown.mustWait('a', minute), false)
})

test('memory is bounded: who has been quiet longest is forgotten', () => {
  const slowDown = openSlowDown({ free: 1, longestMs: minute })
  slowDown.failed('first', 0)
  slowDown.failed('second', 0)
  slowDown.failed('first', 0)
  for (let at = 0; at < 19_999; at += 1) slowDown.failed(`other ${at}`, 0)
  assert.equal(slowDown.mustWait('second', 1), false)
  assert.equal(slowDown.mustWait('first', 1), true)
})
