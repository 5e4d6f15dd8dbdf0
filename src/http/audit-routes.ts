/** The audit trail, to be read by the project that it is about. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { type AuditsAsked, listAudits } from '../control/audit/list-audits.ts'
import type { Ports } from '../ports/ports.ts'
import { type Complain, queryPage, queryText } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'

export const auditRoutes = (app: FastifyInstance, ports: Ports): void => openStackRoutes(app, ports, routes)

const routes: readonly OpenStackRoute[] = [
  {
    method: 'GET',
    url: '/opencbr/v1/:project_id/audits',
    operation: 'ListAudits',
    actions: ['cbr:audits:view'],
    status: 200,
    run: (ports, caller, request) => listAudits(ports, caller, asked(request)),
  },
]

const bad: Complain = problem => refuse('9900', { problem })

function asked({ query }: FastifyRequest): AuditsAsked {
  const [operation, resourceId] = [queryText(query, 'operation', bad), queryText(query, 'resource_id', bad)]
  return {
    filter: { ...(operation !== undefined && { operation }), ...(resourceId !== undefined && { resourceId }) },
    page: queryPage(query, bad),
  }
}
