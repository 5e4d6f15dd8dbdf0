/** Which versions of the API there are: status 300, no token (semantics 1.1). */
import type { FastifyInstance, FastifyRequest } from 'fastify'

export function versionRoutes(app: FastifyInstance, publicUrl: string | undefined): void {
  const versions = (request: FastifyRequest) => ({
    versions: [{ id: 'v3', status: 'CURRENT', links: [{ href: `${rootOf(request, publicUrl)}/v3`, rel: 'self' }] }],
  })
  for (const path of ['/', '/v3']) app.get(path, async (request, reply) => reply.code(300).send(versions(request)))
}

/** Without a configured one, the address that the caller used. */
export const rootOf = (request: FastifyRequest, publicUrl: string | undefined): string =>
  publicUrl ?? `${request.protocol}://${request.host}`
