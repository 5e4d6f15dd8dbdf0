import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { eventTypes, type SealedSecret, type WebhookRecord } from '../../ports/catalog/webhook.ts'
import type { Ports } from '../../ports/ports.ts'

/** How long a secret goes on signing beside the one that has taken its place. */
const OVERLAP_MS = 24 * 60 * 60 * 1000

/** What a webhook may ask for: a type, or all of a kind. */
export const wishes: readonly string[] = [...eventTypes, ...new Set(eventTypes.map(type => type.replace(/\..*/, '.*')))]

/** 6302 where the project has none of that id. */
export async function ownWebhook(
  records: Pick<Records, 'webhooks'>,
  projectId: string,
  id: string,
): Promise<WebhookRecord> {
  const webhook = isUuid(id) ? await records.webhooks.find(projectId, id) : undefined
  return webhook ?? refuse('6302', { webhook: id })
}

export interface MadeSecret {
  /** For the one answer that shows it. */
  readonly secret: string
  readonly sealed: SealedSecret
}

/** A new one; sealing it may ask the store, so never in a transaction. */
export async function makeSecret(
  { secrets }: Pick<Ports, 'secrets'>,
  { projectId, id }: Pick<WebhookRecord, 'projectId' | 'id'>,
): Promise<MadeSecret> {
  const secret = secrets.make()
  return { secret, sealed: { sealed: await secrets.seal({ projectId, about: id }, secret) } }
}

/** The new one before the one it takes the place of, which runs out; older ones go. */
export const withNew = (
  { secrets }: WebhookRecord,
  sealed: SealedSecret,
  at: Date,
): readonly [SealedSecret, ...SealedSecret[]] => {
  const old = secrets.filter(({ until }) => until === undefined)
  return [sealed, ...old.map(secret => ({ ...secret, until: at.getTime() + OVERLAP_MS }))]
}
