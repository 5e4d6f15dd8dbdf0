/** The CBR API: one route per operation of the contract. */
import type { FastifyInstance } from 'fastify'
import { type OperationId, operations } from '../contract/operations.gen.ts'
import { type Door, handling } from './handle.ts'
import { routes } from './routes.ts'

export function cbrRoutes(app: FastifyInstance, door: Door): void {
  for (const operation of Object.keys(operations) as OperationId[]) register(app, operation, door)
}

function register<O extends OperationId>(app: FastifyInstance, operation: O, door: Door): void {
  const { method, path } = operations[operation]
  app.route({
    method,
    url: urlPattern(path),
    config: { operation },
    handler: handling(operation, routes[operation], door),
  })
}

/** `/v3/{project_id}/vaults` as the router writes it. */
export const urlPattern = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')
