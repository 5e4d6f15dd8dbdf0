/** What a project's webhooks would be told, for tests of the rules: the outbox, with nobody to send it. */
import type { Catalog } from '../src/ports/catalog/catalog.ts'
import type { WebhookRecord } from '../src/ports/catalog/webhook.ts'

export interface HeardEvent {
  readonly id: string
  readonly type: string
  readonly created_at: string
  readonly project_id: string
  // biome-ignore lint/suspicious/noExplicitAny: data of all types of events; each test says what it reads
  readonly data: any
}

/** Answers what has come since the last look, oldest first. */
export type Ear = () => Promise<readonly HeardEvent[]>

export async function listenIn(catalog: Catalog, projectId: string, given: Partial<WebhookRecord> = {}): Promise<Ear> {
  const webhook = aWebhook(projectId, given)
  await catalog.change(({ webhooks }) => webhooks.insert(webhook))
  const heard = new Set<string>()
  return async () => {
    const all = { limit: 1000, offset: 0 }
    const { rows } = await catalog.read(({ deliveries }) => deliveries.list(webhook.id, {}, all))
    const fresh = rows.filter(({ id }) => !heard.has(id)).sort((one, other) => (one.id < other.id ? -1 : 1))
    for (const { id } of fresh) heard.add(id)
    return fresh.map(({ body }): HeardEvent => JSON.parse(body))
  }
}

export const aWebhook = (projectId: string, given: Partial<WebhookRecord> = {}): WebhookRecord => ({
  id: crypto.randomUUID(),
  projectId,
  userId: 'alice-id',
  name: 'pager',
  url: 'https://pager.example/hook',
  events: [],
  secrets: [{ sealed: 'sealed' }],
  createdAt: new Date(Date.UTC(2026, 10, 23)),
  ...given,
})
