import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import type { ObjectStore, Retention } from '../../ports/object-store.ts'

const kind = (wanted: FaultKind) => (error: unknown) => error instanceof Fault && error.kind === wanted
const HOUR = 3_600_000

/** What ports/object-store.ts promises of stores that keep objects; theirs goes by the time of day. */
export function retentionSuite(name: string, open: (context: TestContext) => Promise<ObjectStore>): void {
  const promise = (what: string, hold: (store: ObjectStore, retention: Retention) => Promise<void>): void => {
    test(`${name}: ${what}`, async context => {
      const store = await open(context)
      try {
        ok(store.retention)
        await hold(store, store.retention)
      } finally {
        await store.close()
      }
    })
  }

  promise('what is kept is not removed, whatever else is', async (store, retention) => {
    for (const key of ['a', 'b', 'c']) await store.put(key, [Buffer.from(key)])
    await retention.keep(['a'], Date.now() + HOUR)
    await retention.keep(['b'], Number.POSITIVE_INFINITY)
    await retention.keep([], Date.now() + HOUR)
    deepEqual(await retention.kept(['a', 'b', 'c', 'none']), new Set(['a', 'b']))
    for (const key of ['a', 'b']) {
      await rejects(store.remove([key]), kind('denied'), key)
      equal((await store.get(key)).toString(), key)
    }
    await store.remove(['c'])
    deepEqual(await Array.fromAsync(store.list('')), [
      { key: 'a', bytes: 1 },
      { key: 'b', bytes: 1 },
    ])
  })

  promise('keeping never shortens, and may be repeated', async (store, retention) => {
    await store.put('a', [Buffer.from('a')])
    await retention.keep(['a'], Date.now() + HOUR)
    await retention.keep(['a'], Date.now() + 1000)
    await retention.keep(['a'], 0)
    await setTimeout(2500) // past what was asked for last
    await rejects(store.remove(['a']), kind('denied'))
    for (const _ of [1, 2]) await retention.keep(['a'], Number.POSITIVE_INFINITY)
    deepEqual(await retention.kept(['a']), new Set(['a']))
  })

  promise('a missing object is not kept, and cannot be', async (_, retention) => {
    await rejects(retention.keep(['none'], Date.now() + HOUR), kind('missing'))
    deepEqual(await retention.kept(['none']), new Set())
  })

  promise('what was kept goes when its time is over', async (store, retention) => {
    await store.put('a', [Buffer.from('a')])
    await retention.keep(['a'], Date.now() + 2000)
    await rejects(store.remove(['a']), kind('denied'))
    let refusals = 0
    while (!(await store.remove(['a']).then(() => true, refused))) {
      refusals += 1
      await setTimeout(100)
    }
    ok(refusals > 0)
    await rejects(store.get('a'), kind('missing'))
  })
}

function refused(error: unknown): boolean {
  ok(kind('denied')(error), String(error))
  return false
}
