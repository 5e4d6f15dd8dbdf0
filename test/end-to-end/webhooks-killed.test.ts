/** SIGKILL between an event and its delivery: the service that starts again delivers it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startService } from '../crash/service.ts'
import { acme, projects, signIn } from '../house.ts'
import { answer, openReceiver, signedBy, silence } from '../receiver.ts'
import { until } from '../shared-backup.ts'

const ALL = `/opencbr/v1/${projects.alpha}/webhooks`

const configOf = (folder: string) => ({
  dataDir: join(folder, 'data'),
  webhooks: { allow: ['127.0.0.1'], timeoutSeconds: 60 },
  identity: { embedded: { domains: [acme()] } },
})

test('what was committed is delivered, whenever the process was killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-webhooks-'))
  const file = join(folder, 'opencbr.yaml')
  await writeFile(file, JSON.stringify(configOf(folder)))
  await using receiver = await openReceiver()
  let service = await startService(file)
  try {
    const token = await signIn(service.url, 'alice')
    // biome-ignore lint/suspicious/noExplicitAny: answers of all calls
    const call = async (method: string, path: string, body?: object): Promise<any> => {
      const headers = { 'x-auth-token': token, 'content-type': 'application/json' }
      const response = await fetch(service.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
      assert.ok(response.ok, `${method} ${path}: ${response.status}`)
      return await response.json()
    }
    const { webhook } = await call('POST', ALL, { url: receiver.url })
    const tried = async () => (await call('POST', `${ALL}/${webhook.id}/test`)).delivery.event_id
    const killed = async () => {
      await service.kill()
      service = await startService(file)
    }
    // In the middle of an attempt, between two of them, and as soon as the call was answered.
    receiver.manners.push(silence)
    const events = [await tried()]
    await receiver.has(1)
    await killed()
    await receiver.has(2)
    receiver.manners.push(answer(500), answer(500), answer(500))
    events.push(await tried())
    await receiver.has(4)
    await killed()
    for (let times = 0; times < 3; times += 1) {
      events.push(await tried())
      await killed()
    }
    await until(async () => {
      const { deliveries } = await call('GET', `${ALL}/${webhook.id}/deliveries`)
      return deliveries.every(({ status }: { status: string }) => status === 'delivered') || undefined
    })
    const arrived = receiver.received.map(({ event }) => event.id)
    assert.deepEqual([...new Set(arrived)], events, 'each, and in their order')
    assert.equal(arrived.filter(id => id === events[0]).length, 2)
    for (const request of receiver.received) assert.equal(signedBy(webhook.secret, request), 1)
  } finally {
    await service.kill()
    await rm(folder, { recursive: true, force: true })
  }
})
