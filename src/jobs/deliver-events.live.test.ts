// Needs PG_URL.
/** Two processes' worth of workers over one PostgreSQL: what both could send is sent once, and in its order. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openHouse } from '../../test/house.ts'
import { openReceiver } from '../../test/receiver.ts'
import { freshSchema } from '../adapters/catalog/postgres-place.ts'

const skip = process.env.PG_URL === undefined && 'PG_URL names no database'
const ALL = '/opencbr/v1/{project_id}/webhooks'
const EVENTS = 40

test('two workers deliver each event once', { skip }, async () => {
  const { url, remove } = await freshSchema()
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-two-workers-'))
  const environment = {
    OPENCBR_METADATA_URL: url,
    OPENCBR_CHUNK_STORE_URL: `file:${join(folder, 'store')}`,
    OPENCBR_KEYS_FILE: join(folder, 'master.key'),
    OPENCBR_WEBHOOKS_ALLOW: '[127.0.0.1]',
  }
  try {
    await using receiver = await openReceiver()
    await using one = await openHouse({ environment })
    await using other = await openHouse({ environment })
    const ids: string[] = []
    for (let count = 0; count < 3; count += 1) {
      const { status, body } = await one.call('alice', 'POST', ALL, { url: receiver.url })
      assert.equal(status, 201, JSON.stringify(body))
      ids.push(body.webhook.id)
    }
    const expected: string[] = []
    for (let count = 0; count < EVENTS; count += 1) {
      const house = count % 2 === 0 ? one : other
      const tried = await Promise.all(ids.map(id => house.call('alice', 'POST', `${ALL}/${id}/test`)))
      for (const { status, body } of tried) {
        assert.equal(status, 202, JSON.stringify(body))
        expected.push(body.delivery.event_id)
      }
    }
    await receiver.has(expected.length)
    await Promise.all([one.runner?.idle(), other.runner?.idle()])
    assert.deepEqual(receiver.received.map(({ event }) => event.id).sort(), expected.toSorted())
    for (const id of ids) {
      const own = receiver.received.filter(({ event }) => event.data.webhook_id === id)
      const times = own.map(({ event }) => event.created_at)
      assert.deepEqual(times, times.toSorted())
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
    await remove()
  }
})
