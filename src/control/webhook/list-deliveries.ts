import type { Delivery } from '../../contract/opencbr-api.ts'
import type { Page } from '../../ports/catalog/listing.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { ownWebhook } from './webhook-rules.ts'
import { asDelivery } from './webhook-view.ts'

export interface DeliveriesAsked {
  readonly id: string
  readonly filter: { readonly status?: string }
  readonly page: Page
}

/** Of one webhook, newest first; 6302. */
export async function listDeliveries(
  { catalog }: Pick<Ports, 'catalog'>,
  { projectId }: ProjectCaller,
  { id, filter, page }: DeliveriesAsked,
): Promise<{ readonly deliveries: readonly Delivery[]; readonly count: number }> {
  const { rows, total } = await catalog.read(async records => {
    const webhook = await ownWebhook(records, projectId, id)
    return records.deliveries.list(webhook.id, filter, page)
  })
  return { deliveries: rows.map(asDelivery), count: total }
}
