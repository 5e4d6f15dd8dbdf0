import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { ownWebhook } from './webhook-rules.ts'

/** What still waits for it is not sent any more. */
export async function deleteWebhook(
  { catalog }: Pick<Ports, 'catalog'>,
  { projectId }: ProjectCaller,
  id: string,
): Promise<void> {
  await catalog.change(async records => {
    const webhook = await ownWebhook(records, projectId, id)
    await records.webhooks.remove(webhook.id)
  })
}
