/** Webhooks: addresses that are told what happens in the project (docs/notifications.md). */
import { type Command, Option } from 'commander'
import { type Cbr, everyPage, searchOf } from '../client/cbr.ts'
import { type Delivery, deliveryStatuses, type NewWebhook, type Webhook } from '../contract/opencbr-api.ts'
import { allWebhooks, WEBHOOKS, webhookId } from './find.ts'
import { clean, detailed, listed, moment, type Shown, said } from './shown.ts'
import { several } from './values.ts'
import { noun, verb } from './verb.ts'

interface NewOptions {
  readonly name?: string
  readonly event: readonly string[]
}

interface DeliveriesOptions {
  readonly status?: Delivery['status']
}

export function addWebhookCommands(program: Command): void {
  const webhook = noun(program, 'webhook', 'addresses that are told what happens in the project')
  verb(webhook, 'list', 'the webhooks of the project', async cbr => listed(await allWebhooks(cbr), columns))
  verb(webhook, 'show <webhook>', 'one webhook', async (cbr, given: string) => {
    const { webhook: found } = await cbr.ask<{ webhook: Webhook }>('GET', await pathOf(cbr, given))
    return detailed(found, facts(found))
  })
  verb(webhook, 'create <url>', 'have an address told; its secret is printed this once', createWebhook)
    .option('--name <name>', 'its name')
    .option('--event <type>', "what it is told of, as share.added or 'task.*'; may be repeated; else all", several, [])
  verb(webhook, 'delete <webhook>', 'tell it nothing more, not even what waits', async (cbr, given: string) => {
    const id = await webhookId(cbr, given)
    await cbr.ask('DELETE', `${WEBHOOKS}/${id}`)
    return said(`the webhook ${id} is gone`, { id })
  })
  verb(webhook, 'test <webhook>', 'send an event of the type webhook.test, in its turn', async (cbr, given: string) => {
    const path = await pathOf(cbr, given)
    const { delivery } = await cbr.ask<{ delivery: Delivery }>('POST', `${path}/test`)
    return said(`the event ${delivery.event_id} waits to be sent: opencbr webhook deliveries ${clean(given)}`, delivery)
  })
  verb(webhook, 'deliveries <webhook>', 'what it was told, or will be; newest first', listDeliveries).addOption(
    new Option('--status <status>', 'in this state').choices(deliveryStatuses),
  )
  verb(
    webhook,
    'renew-secret <webhook>',
    'another secret, printed this once; the one before signs beside it for a day',
    async (cbr, given: string) => {
      const path = await pathOf(cbr, given)
      return withSecret((await cbr.ask<{ webhook: NewWebhook }>('POST', `${path}/secret`)).webhook)
    },
  )
}

const pathOf = async (cbr: Cbr, given: string): Promise<string> => `${WEBHOOKS}/${await webhookId(cbr, given)}`

const events = (webhook: Webhook): string => (webhook.events.length > 0 ? webhook.events.join(', ') : 'all')

const columns = {
  id: (webhook: Webhook) => webhook.id,
  name: (webhook: Webhook) => webhook.name,
  url: (webhook: Webhook) => webhook.url,
  events,
  created: (webhook: Webhook) => moment(webhook.created_at),
}

const facts = (webhook: Webhook) => ({
  id: webhook.id,
  name: webhook.name,
  url: webhook.url,
  events: events(webhook),
  created: moment(webhook.created_at),
  by: webhook.user_id,
})

const withSecret = (webhook: NewWebhook): Shown => detailed(webhook, { ...facts(webhook), secret: webhook.secret })

async function createWebhook(cbr: Cbr, url: string, { name, event }: NewOptions): Promise<Shown> {
  const order = { url, name, events: event }
  return withSecret((await cbr.ask<{ webhook: NewWebhook }>('POST', WEBHOOKS, order)).webhook)
}

const deliveryColumns = {
  event: (delivery: Delivery) => delivery.event_id,
  type: (delivery: Delivery) => delivery.type,
  status: (delivery: Delivery) => delivery.status,
  attempts: (delivery: Delivery) => delivery.attempts,
  answer: (delivery: Delivery) => delivery.answer ?? delivery.problem,
  created: (delivery: Delivery) => moment(delivery.created_at),
  last: (delivery: Delivery) => moment(delivery.last_attempt_at),
}

async function listDeliveries(cbr: Cbr, given: string, { status }: DeliveriesOptions): Promise<Shown> {
  const path = `${await pathOf(cbr, given)}/deliveries`
  const all = await everyPage(async page => {
    const answer = await cbr.ask<{ deliveries: readonly Delivery[] }>('GET', path + searchOf({ status, ...page }))
    return answer.deliveries
  })
  return listed(all, deliveryColumns)
}
