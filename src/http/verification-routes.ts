/** Verifying a backup, for its owner and for who has accepted it (docs/api.md). */
import type { FastifyInstance } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { isUuid } from '../contract/ids.ts'
import { showVerification } from '../control/verification/show-verification.ts'
import { verifyBackup } from '../control/verification/verify-backup.ts'
import type { Ports } from '../ports/ports.ts'
import { type Complain, jsonOf, objectOf } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'

export const verificationRoutes = (app: FastifyInstance, ports: Ports): void => openStackRoutes(app, ports, routes)

const routes: readonly OpenStackRoute[] = [
  {
    method: 'POST',
    url: '/opencbr/v1/:project_id/backups/:id/verify',
    operation: 'VerifyBackup',
    actions: ['cbr:backups:verify'],
    status: 202,
    run(given, caller, { params, body }) {
      const { id } = params as { readonly id: string }
      if (!isUuid(id)) refuse('6200', { backup: id })
      return verifyBackup(given, caller, { backupId: id, part: partFrom(body) })
    },
  },
  {
    method: 'GET',
    url: '/opencbr/v1/:project_id/verifications/:id',
    operation: 'ShowVerification',
    actions: ['cbr:tasks:get'],
    status: 200,
    run(given, caller, { params }) {
      const { id } = params as { readonly id: string }
      return showVerification(given, caller, id)
    },
  },
]

const bad: Complain = problem => refuse('9900', { problem })

/** All of it unless the body says otherwise. */
function partFrom(body: unknown): number {
  if (!(body instanceof Uint8Array) || body.length === 0) return 1
  const { part } = objectOf(jsonOf(body, bad), 'body', bad)
  if (part === undefined || part === null) return 1
  if (typeof part !== 'number' || !(part >= 0 && part <= 1)) bad('part must be a number from 0 to 1')
  return part
}
