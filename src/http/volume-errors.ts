import type { FastifyReply, FastifyRequest } from 'fastify'
import { plainAnswer } from './openstack-door.ts'

/** Cinder names the kind of error by the one key of the body. */
const kinds: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  409: 'conflictingRequest',
  413: 'overLimit',
  503: 'serviceUnavailable',
}

/** `{"itemNotFound": {"code": 404, "message": "..."}}`; a missing credential is refused in Keystone's shape. */
export function renderCinder(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = plainAnswer(error)
  if (status === 500) request.log.error({ err: error }, 'the request failed')
  reply.code(status)
  if (status === 401) {
    reply.header('www-authenticate', 'Keystone uri="/identity/v3"')
    return reply.send({ error: { code: 401, title: 'Unauthorized', message } })
  }
  return reply.send({ [kinds[status] ?? 'computeFault']: { code: status, message } })
}
