/** What holds the pipeline together: order, permits and the buffers of packs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { inOrder } from './in-order.ts'
import { packBuffers } from './pack-buffers.ts'
import { mutex, permits } from './permits.ts'

async function* numbers(to: number): AsyncGenerator<number> {
  for (let number = 0; number < to; number++) yield number
}

test('results come in order, whatever the work takes, and never more at once than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (turns, width) => {
      let running = 0
      const work = async (number: number) => {
        assert.ok(++running <= width)
        for (let turn = turns[number] ?? 0; turn > 0; turn--) await setImmediate()
        running -= 1
        return number
      }
      const results: number[] = []
      for await (const result of inOrder(numbers(turns.length), { width, work })) results.push(result)
      assert.deepEqual(results, [...turns.keys()])
    }),
  )
})

test('after a failure nothing is running any more, and what was done is handed back', async () => {
  const ended: number[] = []
  const dropped: number[] = []
  const work = async (number: number) => {
    await sleep(number === 2 ? 1 : 10)
    ended.push(number)
    if (number === 2) throw new Error('the second')
    return number
  }
  const seen: number[] = []
  const all = async () => {
    for await (const result of inOrder(numbers(10), { width: 4, work, drop: result => dropped.push(result) }))
      seen.push(result)
  }
  await assert.rejects(all, /the second/)
  assert.deepEqual(seen, [0, 1])
  assert.deepEqual(ended.sort(), [0, 1, 2, 3, 4, 5].slice(0, ended.length))
  assert.deepEqual([...seen, 2, ...dropped], ended)
})

test('permits are served in order, and who gives up waiting leaves no gap', async () => {
  const turn = permits(1)
  await turn.take()
  const order: string[] = []
  const stop = new AbortController()
  const first = turn.take(stop.signal).then(
    () => order.push('first'),
    () => order.push('left'),
  )
  const second = turn.take().then(() => order.push('second'))
  stop.abort()
  await first
  turn.give()
  await second
  assert.deepEqual(order, ['left', 'second'])
  assert.equal(turn.waiting(), 0)
  await assert.rejects(turn.take(stop.signal))
  turn.give()
  await turn.take()
})

test('a mutex runs one at a time, also after a failure', async () => {
  const alone = mutex()
  let inside = 0
  const work = (fail: boolean) => async () => {
    assert.equal(++inside, 1)
    await setImmediate()
    inside -= 1
    if (fail) throw new Error('no')
  }
  await Promise.allSettled([alone(work(true)), alone(work(false)), alone(work(true))])
  await alone(work(false))
})

test('when open packs hold all buffers, the oldest is asked to close', async () => {
  const buffers = packBuffers(2, 100)
  const closed: string[] = []
  const held = [await buffers.take(), await buffers.take()]
  for (const name of ['a', 'b']) {
    const close = () => {
      closed.push(name)
      buffers.closed(close)
      buffers.give(held.shift() ?? new ArrayBuffer(100))
    }
    buffers.opened(close)
  }
  assert.equal((await buffers.take()).byteLength, 100)
  assert.deepEqual(closed, ['a'])
})
