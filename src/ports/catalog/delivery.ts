import type { Listing, Page } from './listing.ts'

export type DeliveryStatus = 'waiting' | 'delivered' | 'failed'

/** An event on its way to one webhook, written by the transaction that made the event. */
export interface DeliveryRecord {
  /** In the order of the events. */
  readonly id: string
  readonly webhookId: string
  /** The same at all webhooks of the project, and at every attempt. */
  readonly eventId: string
  readonly type: string
  /** What is sent, to the letter. */
  readonly body: string
  readonly status: DeliveryStatus
  readonly createdAt: Date
  readonly attempts: number
  /** The last attempt's time, the status it was answered with, and what was wrong with it. */
  readonly triedAt?: Date
  readonly answer?: number
  readonly problem?: string
  /** When it was delivered or given up. */
  readonly endedAt?: Date
}

/** `null` empties. */
export interface DeliveryPatch {
  readonly status?: DeliveryStatus
  readonly attempts?: number
  readonly triedAt?: Date
  readonly answer?: number | null
  readonly problem?: string | null
  readonly endedAt?: Date
}

export interface Deliveries {
  insert(deliveries: readonly DeliveryRecord[]): Promise<void>
  /** Newest first, then by id. */
  list(webhookId: string, filter: { readonly status?: string }, page: Page): Promise<Listing<DeliveryRecord>>
  /** The first of those that wait. */
  next(webhookId: string): Promise<DeliveryRecord | undefined>
  update(id: string, patch: DeliveryPatch): Promise<void>
  /** Ends as failed what waits: that of before a time, or all. */
  giveUp(webhookId: string, ended: Required<Pick<DeliveryRecord, 'problem' | 'endedAt'>>, before?: Date): Promise<void>
  /** Deletes those that ended before that; answers how many. */
  removeEndedBefore(at: Date): Promise<number>
}
