/** `/identity`: what of Keystone v3 the clients of backups use, over an `IdentityService` (client-notes 1). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../ports/fault.ts'
import type { IdentityService } from '../ports/identity-service.ts'
import { identityListRoutes } from './identity-list-routes.ts'
import { IdentityRefusal, refusalBody, refuseIdentity } from './identity-refusal.ts'
import { identityTokenRoutes } from './identity-token-routes.ts'
import { versionView } from './identity-view.ts'
import { rootOf } from './version-routes.ts'

export interface IdentityRoutesOptions {
  readonly service: IdentityService
}

/** A sign-in is small; nothing else here has a body. */
const LARGEST_BODY = 64 * 1024

export async function identityRoutes(app: FastifyInstance, { service }: IdentityRoutesOptions): Promise<void> {
  await app.register(
    async identity => {
      // Bodies stay bytes: signatures cover them, and no client is refused for its content type.
      identity.removeAllContentTypeParsers()
      identity.addContentTypeParser(
        '*',
        { parseAs: 'buffer', bodyLimit: LARGEST_BODY },
        async (_: unknown, body: Buffer) => body,
      )
      identity.setErrorHandler((error, request, reply) => renderRefusal(error, request, reply))
      identity.setNotFoundHandler(request => refuseIdentity(404, `There is nothing at ${request.method} of this URL.`))
      identity.addHook('onSend', async (_, reply) => {
        reply.header('vary', 'X-Auth-Token').header('cache-control', 'no-store')
      })
      versionRoutes(identity, service)
      identityTokenRoutes(identity, service)
      identityListRoutes(identity, service)
    },
    { prefix: '/identity' },
  )
}

function versionRoutes(identity: FastifyInstance, service: IdentityService): void {
  identity.get('/', async (request, reply) => {
    const version = versionView(rootOf(request, service.catalogUrl))
    return reply.code(300).send({ versions: { values: [version] } })
  })
  identity.get('/v3', async request => ({ version: versionView(rootOf(request, service.catalogUrl)) }))
}

function renderRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [status, message] = answerTo(error)
  if (status >= 500) request.log.error({ err: error }, 'an identity request failed')
  if (status === 401) reply.header('www-authenticate', 'Keystone uri="/identity/v3"')
  return reply.code(status).send(refusalBody(status, message))
}

function answerTo(error: unknown): readonly [status: number, message: string] {
  if (error instanceof IdentityRefusal) return [error.status, error.message]
  if (error instanceof Fault && error.kind === 'unavailable')
    return [503, 'The service is busy; try again in a moment.']
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  // What the HTTP server refuses by itself: a body too large or cut off, a URL that cannot be decoded.
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500)
    return [status, error.message]
  return [500, 'An unexpected error prevented the server from fulfilling your request.']
}
