import type { Delivery } from '../../contract/opencbr-api.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { tellTest } from './tell.ts'
import { ownWebhook } from './webhook-rules.ts'
import { asDelivery } from './webhook-view.ts'

/** Has an event of type `webhook.test` delivered, in its turn. */
export async function tryWebhook(
  { catalog, now, wake }: Pick<Ports, 'catalog' | 'now' | 'wake'>,
  { projectId }: ProjectCaller,
  id: string,
): Promise<Delivery> {
  const delivery = await catalog.change(async records =>
    tellTest(records, await ownWebhook(records, projectId, id), now()),
  )
  wake()
  return asDelivery(delivery)
}
