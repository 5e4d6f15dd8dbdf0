/** Readiness over HTTP, with parts that fail and hang. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fastify } from 'fastify'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { healthRoutes } from './health-routes.ts'

/** A store that answers nothing until it is told to, and counts how often it was asked. */
function hanging() {
  const { promise: back, resolve: comeBack } = Promise.withResolvers<void>()
  const store = memoryObjectStore()
  let asked = 0
  return {
    asked: () => asked,
    comeBack,
    store: {
      ...store,
      async *list(prefix: string) {
        asked += 1
        await back
        yield* store.list(prefix)
      },
    },
  }
}

interface Served {
  readonly store?: ObjectStore
  readonly catalog?: () => Promise<undefined>
}

async function serve({ store = memoryObjectStore(), catalog = async () => undefined }: Served) {
  const app = fastify({ forceCloseConnections: true })
  const metrics = { contentType: 'text/plain', text: async () => '', served: () => undefined }
  healthRoutes(app, { catalog: { ready: catalog }, objectStore: store, metrics })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const probe = async () => {
    const begin = performance.now()
    const answer = await fetch(`${url}/readyz`)
    return { status: answer.status, body: await answer.json(), ms: performance.now() - begin }
  }
  return { probe, [Symbol.asyncDispose]: () => app.close() }
}

test('a store that hangs is named in three seconds, asked once, and ready when it is back', async () => {
  const { store, asked, comeBack } = hanging()
  await using served = await serve({ store })
  const first = served.probe()
  await wait(200)
  for (const { status, body, ms } of await Promise.all([first, served.probe(), served.probe()])) {
    assert.equal(status, 503)
    assert.deepEqual(body, { status: 'not ready', parts: { catalog: 'ready', store: 'no answer within 3 s' } })
    assert.ok(ms > 2_900 && ms < 5_000, `${ms} ms`)
  }
  assert.equal(asked(), 1)
  const late = served.probe()
  await wait(100)
  comeBack()
  assert.deepEqual((await late).body, { status: 'ready' })
  assert.equal(asked(), 1)
  assert.equal((await served.probe()).status, 200)
  assert.equal(asked(), 2)
})

test('what fails is named at once, and why is not for everybody', async () => {
  let broken = true
  const catalog = () =>
    broken ? Promise.reject(new Error('postgres://who:secret@somewhere')) : Promise.resolve(undefined)
  await using served = await serve({ catalog })
  const { status, body } = await served.probe()
  assert.deepEqual([status, body], [503, { status: 'not ready', parts: { catalog: 'failed', store: 'ready' } }])
  broken = false
  assert.equal((await served.probe()).status, 200)
})
