import type { Webhook } from '../../contract/opencbr-api.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { ownWebhook } from './webhook-rules.ts'
import { asWebhook } from './webhook-view.ts'

export async function showWebhook(
  { catalog }: Pick<Ports, 'catalog'>,
  { projectId }: ProjectCaller,
  id: string,
): Promise<Webhook> {
  return asWebhook(await catalog.read(records => ownWebhook(records, projectId, id)))
}
