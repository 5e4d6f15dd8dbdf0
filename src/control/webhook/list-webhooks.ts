import type { Webhook } from '../../contract/opencbr-api.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { asWebhook } from './webhook-view.ts'

/** All of them, oldest first: they are few. */
export async function listWebhooks(
  { catalog }: Pick<Ports, 'catalog'>,
  { projectId }: ProjectCaller,
): Promise<{ readonly webhooks: readonly Webhook[]; readonly count: number }> {
  const webhooks = await catalog.read(records => records.webhooks.of([projectId]))
  return { webhooks: webhooks.map(asWebhook), count: webhooks.length }
}
