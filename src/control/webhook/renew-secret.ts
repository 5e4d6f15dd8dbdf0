import type { NewWebhook } from '../../contract/opencbr-api.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { makeSecret, ownWebhook, withNew } from './webhook-rules.ts'
import { asWebhook } from './webhook-view.ts'

/** A new secret, beside which the one it replaces signs for another day. */
export async function renewSecret(
  ports: Pick<Ports, 'catalog' | 'secrets' | 'now'>,
  { projectId }: ProjectCaller,
  id: string,
): Promise<NewWebhook> {
  const { secret, sealed } = await makeSecret(ports, { projectId, id })
  return ports.catalog.change(async records => {
    const webhook = await ownWebhook(records, projectId, id)
    await records.webhooks.replaceSecrets(id, withNew(webhook, sealed, ports.now()))
    return { ...asWebhook(webhook), secret }
  })
}
