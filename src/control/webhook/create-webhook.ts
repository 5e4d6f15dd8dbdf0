import { refuse } from '../../contract/errors.ts'
import type { NewWebhook } from '../../contract/opencbr-api.ts'
import type { WebhookRecord } from '../../ports/catalog/webhook.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { makeSecret, wishes } from './webhook-rules.ts'
import { asWebhook } from './webhook-view.ts'

export type WebhookOrder = Pick<WebhookRecord, 'name' | 'url' | 'events'>

/** 9900: an address that cannot be used, an event that does not exist, more webhooks than a project may have. */
export async function createWebhook(
  ports: Pick<Ports, 'catalog' | 'events' | 'secrets' | 'settings' | 'now'>,
  { projectId, userId }: ProjectCaller,
  order: WebhookOrder,
): Promise<NewWebhook> {
  const objection = ports.events.objection(order.url)
  if (objection !== undefined) refuse('9900', { url: objection })
  const strange = order.events.find(event => !wishes.includes(event))
  if (strange !== undefined) refuse('9900', { event: strange, known: wishes })
  const place = { id: crypto.randomUUID(), projectId }
  const { secret, sealed } = await makeSecret(ports, place)
  const webhook = { ...place, ...order, userId, secrets: [sealed], createdAt: ports.now() }
  const { mostWebhooks: most } = ports.settings
  await ports.catalog.change(async ({ webhooks }) => {
    const present = await webhooks.of([projectId])
    if (present.length >= most) refuse('9900', { reason: `a project has at most ${most} webhooks; delete one` })
    await webhooks.insert(webhook)
  })
  return { ...asWebhook(webhook), secret }
}
