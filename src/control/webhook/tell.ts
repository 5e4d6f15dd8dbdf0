/**
 * The outbox: what happens in a project is written down for its webhooks by the transaction that makes it happen, and
 * sent by a job (jobs/deliver-events.ts). There is one such job per webhook at most, under the webhook's own id, and it
 * ends in a transaction that finds nothing waiting; so nothing waits without a job.
 */
import { asTimestamp } from '../../contract/times.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { DeliveryRecord } from '../../ports/catalog/delivery.ts'
import type { EventType, WebhookRecord } from '../../ports/catalog/webhook.ts'
import { orderedIds } from '../member/ordered-ids.ts'

export type Outbox = Pick<Records, 'webhooks' | 'deliveries' | 'jobs'>

export interface Happening {
  readonly projectId: string
  readonly type: EventType
  /** In wire names. */
  readonly data: object
}

/** Tells those webhooks of the projects that want to know. What happened is put together only where there are any. */
export async function tell(records: Outbox, told: () => readonly Happening[], at: Date): Promise<void> {
  if (!(await records.webhooks.any())) return
  const happenings = told()
  const projectIds = [...new Set(happenings.map(({ projectId }) => projectId))]
  const webhooks = await records.webhooks.of(projectIds)
  if (webhooks.length === 0) return
  const nextId = orderedIds(at)
  const deliveries = happenings.flatMap(happening => {
    const event = { ...happening, id: crypto.randomUUID() }
    const own = webhooks.filter(
      ({ projectId, events }) => projectId === happening.projectId && wants(events, event.type),
    )
    return own.map(webhook => deliveryOf(webhook, event, { id: nextId(), at }))
  })
  await enqueue(records, webhooks, deliveries)
}

/** Something to try a webhook with, whatever it wants to know. Answers what was written. */
export async function tellTest(records: Outbox, webhook: WebhookRecord, at: Date): Promise<DeliveryRecord> {
  const event = { id: crypto.randomUUID(), type: 'webhook.test', data: { webhook_id: webhook.id } }
  const delivery = deliveryOf(webhook, event, { id: orderedIds(at)(), at })
  await enqueue(records, [webhook], [delivery])
  return delivery
}

const wants = (events: WebhookRecord['events'], type: string): boolean =>
  events.length === 0 || events.includes(type) || events.includes(type.replace(/\..*/, '.*'))

interface Event {
  readonly id: string
  readonly type: string
  readonly data: object
}

function deliveryOf(
  { id: webhookId, projectId }: WebhookRecord,
  { id: eventId, type, data }: Event,
  { id, at }: { readonly id: string; readonly at: Date },
): DeliveryRecord {
  const body = JSON.stringify({ id: eventId, type, created_at: asTimestamp(at), project_id: projectId, data })
  return { id, webhookId, eventId, type, body, status: 'waiting', createdAt: at, attempts: 0 }
}

async function enqueue(
  records: Outbox,
  webhooks: readonly WebhookRecord[],
  deliveries: readonly DeliveryRecord[],
): Promise<void> {
  await records.deliveries.insert(deliveries)
  for (const { id, projectId } of webhooks) {
    const [first] = deliveries.filter(({ webhookId }) => webhookId === id)
    if (first === undefined) continue
    const { createdAt } = first
    await records.jobs.ensure({
      id,
      kind: 'deliver-events',
      projectId,
      payload: { webhookId: id },
      createdAt,
      runAfter: createdAt,
      attempts: 0,
    })
  }
}
