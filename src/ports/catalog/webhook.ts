/** What can happen in a project that its webhooks are told of (docs/notifications.md). */
export const eventTypes = [
  'share.added',
  'share.accepted',
  'share.rejected',
  'share.reopened',
  'share.removed',
  'share.withdrawn',
  'share.image_registered',
  'share.image_deleted',
  'vault.threshold_reached',
  'vault.expanded',
  'vault.not_expanded',
  'task.failed',
] as const

export type EventType = (typeof eventTypes)[number]

/** An address that a project's events are sent to. */
export interface WebhookRecord {
  readonly id: string
  readonly projectId: string
  /** Who made it. */
  readonly userId: string
  readonly name: string
  readonly url: string
  /** Types, or `share.*` for all of a kind; none for all there are. */
  readonly events: readonly string[]
  /** All that have not run out sign what is sent; the newest first. */
  readonly secrets: readonly SealedSecret[]
  readonly createdAt: Date
}

export interface SealedSecret {
  /** As ports/secrets.ts seals it. */
  readonly sealed: string
  /** Milliseconds since 1970; absent for the one in force. */
  readonly until?: number
}

/** The addresses that events go to. */
export interface Webhooks {
  insert(webhook: WebhookRecord): Promise<void>
  find(projectId: string, id: string): Promise<WebhookRecord | undefined>
  /** Whether any project has one. Next to nothing: every share asks, and most installations have none. */
  any(): Promise<boolean>
  /** All of these projects, oldest first. */
  of(projectIds: readonly string[]): Promise<readonly WebhookRecord[]>
  replaceSecrets(id: string, secrets: readonly SealedSecret[]): Promise<void>
  /** With its deliveries. */
  remove(id: string): Promise<void>
}
