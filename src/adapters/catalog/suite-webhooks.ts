/** The promises of webhooks and deliveries (ports/catalog/webhook.ts, delivery.ts), and of the job that sends them. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { aWebhook } from '../../../test/listening.ts'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { DeliveryRecord } from '../../ports/catalog/delivery.ts'
import type { WebhookRecord } from '../../ports/catalog/webhook.ts'
import { aJob, aProject, at } from './samples.ts'
import type { Catalogs } from './suite-transactions.ts'

const ALL = { limit: 1000, offset: 0 }

export function webhookTests(catalogs: () => Catalogs): void {
  const catalog = (): Catalog => catalogs().one

  test('webhooks: of some projects, oldest first; their secrets change; they go with their deliveries', async () => {
    const [mine, yours] = [aProject(), aProject()]
    const old = aWebhook(mine, { createdAt: at(1), events: ['share.*', 'task.failed'] })
    const [young, foreign] = [aWebhook(mine, { createdAt: at(3) }), aWebhook(yours, { createdAt: at(2) })]
    await catalog().change(async ({ webhooks, deliveries }) => {
      for (const webhook of [young, old, foreign]) await webhooks.insert(webhook)
      assert.deepEqual(await webhooks.of([mine]), [old, young])
      assert.deepEqual(await webhooks.of([mine, yours, aProject()]), [old, foreign, young])
      assert.deepEqual(await webhooks.of([aProject()]), [])
      assert.deepEqual(await webhooks.find(mine, old.id), old)
      assert.equal(await webhooks.find(yours, old.id), undefined)
      const secrets = [{ sealed: 'new' }, { sealed: 'old', until: 7 }]
      await webhooks.replaceSecrets(old.id, secrets)
      assert.deepEqual(await webhooks.find(mine, old.id), { ...old, secrets })
      await deliveries.insert([aDelivery(old, 1), aDelivery(foreign, 1)])
      await webhooks.remove(old.id)
      assert.deepEqual(await webhooks.of([mine]), [young])
      assert.equal((await deliveries.list(old.id, {}, ALL)).total, 0)
      assert.equal((await deliveries.list(foreign.id, {}, ALL)).total, 1)
    })
  })

  test('deliveries: the first that waits, what becomes of them, and when they go', async () => {
    const webhook = aWebhook(aProject())
    const [one, two, three] = [aDelivery(webhook, 1), aDelivery(webhook, 2), aDelivery(webhook, 3)]
    await catalog().change(async ({ webhooks, deliveries }) => {
      await webhooks.insert(webhook)
      await deliveries.insert([three, one, two])
      assert.deepEqual(await deliveries.next(webhook.id), one)
      const done = { status: 'delivered', attempts: 2, triedAt: at(4), answer: 204, endedAt: at(4) } as const
      await deliveries.update(one.id, { attempts: 1, triedAt: at(3), answer: 500, problem: 'answered 500' })
      await deliveries.update(one.id, { ...done, problem: null })
      assert.deepEqual(await deliveries.next(webhook.id), two)
      const gone = { problem: 'too old', endedAt: at(5) }
      await deliveries.giveUp(webhook.id, gone, at(3))
      assert.deepEqual(await deliveries.next(webhook.id), three)
      const given = { ...two, ...gone, status: 'failed' } as const
      assert.deepEqual(await deliveries.list(webhook.id, {}, ALL), {
        rows: [three, given, { ...one, ...done }],
        total: 3,
      })
      assert.deepEqual((await deliveries.list(webhook.id, { status: 'failed' }, ALL)).rows, [given])
      assert.deepEqual((await deliveries.list(webhook.id, {}, { ...ALL, after: three.id })).rows.length, 2)
      await deliveries.giveUp(webhook.id, gone)
      assert.equal(await deliveries.next(webhook.id), undefined)
      assert.equal(await deliveries.removeEndedBefore(at(5)), 1)
      assert.equal(await deliveries.removeEndedBefore(at(6)), 2)
    })
  })

  outboxTests(catalogs)
}

function outboxTests(catalogs: () => Catalogs): void {
  test('a job that is to be there is there once, whoever sees to it', async () => {
    const job = aJob({ kind: 'deliver-events' })
    const { one, other } = catalogs()
    const ensure = (from: Catalog) => from.change(({ jobs }) => jobs.ensure(job))
    await Promise.all([one, other, one, other].map(ensure))
    assert.deepEqual(await one.read(({ jobs }) => jobs.open(job.projectId)), [job])
    await one.change(({ jobs }) => jobs.claim('w', ['deliver-events'], at(9), at(10)))
    await ensure(other)
    assert.equal((await one.read(({ jobs }) => jobs.open(job.projectId)))[0]?.claimedBy, 'w')
    await one.change(({ jobs }) => jobs.finish(job.id))
  })

  test('what comes to wait while the job that would send it ends has a job', async () => {
    const { one, other } = catalogs()
    const webhook = aWebhook(aProject())
    const job = aJob({ id: webhook.id, projectId: webhook.projectId, kind: 'deliver-events' })
    await one.change(({ webhooks }) => webhooks.insert(webhook))
    for (let round = 0; round < 20; round += 1) {
      await one.change(({ jobs }) => jobs.ensure(job))
      await Promise.all([
        one.change(async ({ deliveries, jobs }) => {
          if ((await deliveries.next(webhook.id)) === undefined) await jobs.finish(job.id)
        }),
        other.change(async ({ deliveries, jobs }) => {
          await deliveries.insert([aDelivery(webhook, round)])
          await jobs.ensure(job)
        }),
      ])
      await one.change(async ({ deliveries, jobs }) => {
        assert.equal((await jobs.open(webhook.projectId)).length, 1, `round ${round}`)
        await deliveries.giveUp(webhook.id, { problem: '', endedAt: at(1) })
      })
    }
  })
}

const aDelivery = ({ id }: WebhookRecord, minute: number): DeliveryRecord => ({
  id: `${String(minute).padStart(8, '0')}${randomUUID().slice(8)}`,
  webhookId: id,
  eventId: randomUUID(),
  type: 'share.added',
  body: '{"id":"e"}',
  status: 'waiting',
  createdAt: at(minute),
  attempts: 0,
})
