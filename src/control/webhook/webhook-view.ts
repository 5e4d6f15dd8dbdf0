import type { Delivery, Webhook } from '../../contract/opencbr-api.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { DeliveryRecord } from '../../ports/catalog/delivery.ts'
import type { WebhookRecord } from '../../ports/catalog/webhook.ts'

export const asWebhook = (webhook: WebhookRecord): Webhook => ({
  id: webhook.id,
  name: webhook.name,
  url: webhook.url,
  events: webhook.events,
  user_id: webhook.userId,
  created_at: asTimestamp(webhook.createdAt),
})

export const asDelivery = (delivery: DeliveryRecord): Delivery => ({
  id: delivery.id,
  event_id: delivery.eventId,
  type: delivery.type,
  status: delivery.status,
  created_at: asTimestamp(delivery.createdAt),
  attempts: delivery.attempts,
  ...(delivery.triedAt && { last_attempt_at: asTimestamp(delivery.triedAt) }),
  ...(delivery.answer !== undefined && { answer: delivery.answer }),
  ...(delivery.problem !== undefined && { problem: delivery.problem }),
  ...(delivery.endedAt && { ended_at: asTimestamp(delivery.endedAt) }),
})
