import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mayInspect } from '../access/may-see.ts'
import type { Grant, IdentityService } from '../ports/identity-service.ts'
import { headerOf } from './identify.ts'
import { grantOfCaller } from './identity-caller.ts'
import { catalogOf } from './identity-catalog.ts'
import { readLogIn } from './identity-log-in-body.ts'
import { refuseIdentity, unauthorised } from './identity-refusal.ts'
import { tokenView } from './identity-view.ts'
import { rootOf } from './version-routes.ts'

/** Making, checking and ending tokens: `/identity/v3/auth/tokens`. */
export function identityTokenRoutes(identity: FastifyInstance, service: IdentityService): void {
  const view = (request: FastifyRequest, grant: Grant): object => {
    const { scope } = grant
    const projectId = scope.kind === 'project' ? scope.project.id : undefined
    const wanted = !Object.hasOwn(request.query as object, 'nocatalog')
    return tokenView(
      grant,
      wanted ? catalogOf(rootOf(request, service.catalogUrl), service.region, projectId) : undefined,
    )
  }
  /** The token that is asked about, and what it stands for, if the caller may know. */
  const subjectOf = async (request: FastifyRequest): Promise<{ token: string; grant: Grant }> => {
    const caller = await grantOfCaller(service, request)
    const token = headerOf(request, 'x-subject-token') || refuseIdentity(400, 'Expecting the header X-Subject-Token.')
    const grant = (await service.grantOfToken(token)) ?? refuseIdentity(404, 'Could not find token.')
    if (!mayInspect(caller, grant)) refuseIdentity(403, 'You are not authorized to look into or end this token.')
    return { token, grant }
  }

  identity.post('/v3/auth/tokens', async (request, reply) => {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
    const session = await service.logIn(readLogIn(body, request.ip))
    if (session === 'denied') unauthorised()
    return tokenReply(reply.code(201), session.token, view(request, session.grant))
  })
  // HEAD comes with it.
  identity.get('/v3/auth/tokens', async (request, reply) => {
    const { token, grant } = await subjectOf(request)
    return tokenReply(reply, token, view(request, grant))
  })
  identity.delete('/v3/auth/tokens', async (request, reply) => {
    const { token } = await subjectOf(request)
    await service.revoke(token)
    return reply.code(204).send()
  })
}

function tokenReply(reply: FastifyReply, token: string, body: object): FastifyReply {
  return reply.header('x-subject-token', token).send(body)
}
