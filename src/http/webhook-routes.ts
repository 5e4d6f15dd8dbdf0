/** Webhooks: where a project's events are sent to (docs/notifications.md). */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { createWebhook, type WebhookOrder } from '../control/webhook/create-webhook.ts'
import { deleteWebhook } from '../control/webhook/delete-webhook.ts'
import { type DeliveriesAsked, listDeliveries } from '../control/webhook/list-deliveries.ts'
import { listWebhooks } from '../control/webhook/list-webhooks.ts'
import { renewSecret } from '../control/webhook/renew-secret.ts'
import { showWebhook } from '../control/webhook/show-webhook.ts'
import { tryWebhook } from '../control/webhook/try-webhook.ts'
import type { Ports } from '../ports/ports.ts'
import { type Complain, jsonOf, objectOf, queryPage, queryText, textOf, textsOf } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'

export const webhookRoutes = (app: FastifyInstance, ports: Ports): void => openStackRoutes(app, ports, routes)

const ALL = '/opencbr/v1/:project_id/webhooks'
const ONE = `${ALL}/:id`
const MOST_EVENTS = 64

const routes: readonly OpenStackRoute[] = [
  {
    method: 'POST',
    url: ALL,
    operation: 'CreateWebhook',
    actions: ['cbr:webhooks:create'],
    status: 201,
    run: async (ports, caller, { body }) => ({ webhook: await createWebhook(ports, caller, orderFrom(body)) }),
  },
  {
    method: 'GET',
    url: ALL,
    operation: 'ListWebhooks',
    actions: ['cbr:webhooks:list'],
    status: 200,
    run: (ports, caller) => listWebhooks(ports, caller),
  },
  {
    method: 'GET',
    url: ONE,
    operation: 'ShowWebhook',
    actions: ['cbr:webhooks:get'],
    status: 200,
    run: async (ports, caller, request) => ({ webhook: await showWebhook(ports, caller, idOf(request)) }),
  },
  {
    method: 'DELETE',
    url: ONE,
    operation: 'DeleteWebhook',
    actions: ['cbr:webhooks:delete'],
    status: 204,
    run: (ports, caller, request) => deleteWebhook(ports, caller, idOf(request)),
  },
  {
    method: 'POST',
    url: `${ONE}/test`,
    operation: 'TryWebhook',
    actions: ['cbr:webhooks:update'],
    status: 202,
    run: async (ports, caller, request) => ({ delivery: await tryWebhook(ports, caller, idOf(request)) }),
  },
  {
    method: 'POST',
    url: `${ONE}/secret`,
    operation: 'RenewWebhookSecret',
    actions: ['cbr:webhooks:update'],
    status: 200,
    run: async (ports, caller, request) => ({ webhook: await renewSecret(ports, caller, idOf(request)) }),
  },
  {
    method: 'GET',
    url: `${ONE}/deliveries`,
    operation: 'ListDeliveries',
    actions: ['cbr:webhooks:list'],
    status: 200,
    run: (ports, caller, request) => listDeliveries(ports, caller, deliveriesAsked(request)),
  },
]

const bad: Complain = problem => refuse('9900', { problem })

const idOf = ({ params }: FastifyRequest): string => (params as { readonly id: string }).id

function orderFrom(body: unknown): WebhookOrder {
  const fields = objectOf(jsonOf(body, bad), 'body', bad)
  return {
    name: textOf(fields, 'name', 64, bad) ?? '',
    url: textOf(fields, 'url', 2048, bad) ?? bad('url is missing'),
    events: [...new Set(textsOf(fields, 'events', MOST_EVENTS, bad))],
  }
}

function deliveriesAsked(request: FastifyRequest): DeliveriesAsked {
  const { query } = request
  const status = queryText(query, 'status', bad)
  return { id: idOf(request), filter: status === undefined ? {} : { status }, page: queryPage(query, bad) }
}
