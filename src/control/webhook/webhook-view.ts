import { asTimestamp } from '../../contract/times.ts'
import type { DeliveryRecord } from '../../ports/catalog/delivery.ts'
import type { WebhookRecord } from '../../ports/catalog/webhook.ts'

/** A webhook as the API shows it. */
export interface Webhook {
  readonly id: string
  readonly name: string
  readonly url: string
  /** Empty: all. */
  readonly events: readonly string[]
  readonly user_id: string
  readonly created_at: string
}

/** With its secret, which only the answer has that it was made for. */
export interface NewWebhook extends Webhook {
  readonly secret: string
}

export const asWebhook = (webhook: WebhookRecord): Webhook => ({
  id: webhook.id,
  name: webhook.name,
  url: webhook.url,
  events: webhook.events,
  user_id: webhook.userId,
  created_at: asTimestamp(webhook.createdAt),
})

/** A delivery as the API shows it; what has no value is left out. */
export interface Delivery {
  readonly id: string
  readonly event_id: string
  readonly type: string
  readonly status: string
  readonly created_at: string
  readonly attempts: number
  readonly last_attempt_at?: string
  /** HTTP's status of the last attempt. */
  readonly answer?: number
  readonly problem?: string
  readonly ended_at?: string
}

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
