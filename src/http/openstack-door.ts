/**
 * The way into the calls that are OpenStack's and not in CBR's contract: images and volumes. As everywhere: who calls
 * (401), with which right (403), then the use case; a mutation leaves its audit record in the same transaction.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mayCall } from '../access/may-call.ts'
import { Refusal } from '../contract/errors.ts'
import { OpenStackRefusal } from '../contract/openstack-refusal.ts'
import type { ProjectCaller } from '../control/use-case.ts'
import type { Ports } from '../ports/ports.ts'
import { type Audited, audited } from './audited.ts'
import { identify } from './identify.ts'
import { answerOf, Unserved } from './render.ts'

export interface OpenStackRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  /** Its name in the audit trail and in metrics. */
  readonly operation: string
  /** All of them are needed. */
  readonly actions: readonly string[]
  /** Of success. */
  readonly status: number
  /** One of the many calls of a larger act, whose first and last leave the trail. */
  readonly part?: true
  /** Bytes of the largest body, where it may be larger than elsewhere. */
  readonly bodyLimit?: number
  /** What it resolves to is sent as JSON; undefined sends nothing; a sent reply is left alone. */
  readonly run: (ports: Ports, caller: ProjectCaller, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}

export function openStackRoutes(app: FastifyInstance, ports: Ports, routes: readonly OpenStackRoute[]): void {
  // A signature covers the bytes of the body, whatever its content type.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  for (const route of routes) {
    const { method, url, operation, bodyLimit } = route
    const limit = bodyLimit === undefined ? {} : { bodyLimit }
    const handler = handling(route, ports)
    app.route({ method, url, exposeHeadRoute: false, config: { operation }, handler, ...limit })
  }
}

/** Refuses what the caller's roles do not allow. */
export function need(caller: ProjectCaller, actions: readonly string[]): void {
  const lacking = actions.find(action => !mayCall(caller, action))
  if (lacking !== undefined) throw new Unserved(403, `no role of ${caller.userName} allows ${lacking} here`)
}

function handling(route: OpenStackRoute, ports: Ports) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const caller = await admitted(ports, request)
    const trail = route.method === 'GET' || route.part ? undefined : trailOf(route, ports, caller, request)
    try {
      need(caller, route.actions)
      const answer = await route.run(trail ? { ...ports, catalog: trail.catalog } : ports, caller, request, reply)
      await trail?.succeeded()
      if (reply.sent || answer === reply) return reply
      reply.code(route.status)
      return answer === undefined ? reply.send() : reply.type('application/json').send(JSON.stringify(answer))
    } catch (error) {
      if (trail) await noteRefusal(trail, error, request)
      throw error
    }
  }
}

/** A credential for a project; where the path names one, for that one. */
async function admitted(ports: Ports, request: FastifyRequest): Promise<ProjectCaller> {
  const { project_id: asked } = request.params as { readonly project_id?: string }
  const caller = await identify(ports.identity, request, asked)
  if (caller.projectId === undefined) throw new Unserved(403, 'the credential is for no project')
  if (asked !== undefined && caller.projectId !== asked) {
    throw new Unserved(403, 'the credential is not for the project of the path')
  }
  return { ...caller, projectId: caller.projectId, requestId: request.id }
}

function trailOf(route: OpenStackRoute, ports: Ports, caller: ProjectCaller, request: FastifyRequest): Audited {
  const { id = '' } = request.params as { readonly id?: string }
  const facts = {
    at: ports.now(),
    projectId: caller.projectId,
    userId: caller.userId,
    userName: caller.userName,
    operation: route.operation,
    resourceId: id,
    sourceIp: request.ip,
    requestId: request.id,
  }
  return audited(ports.catalog, facts, route.status)
}

/** The caller gets the refusal even when the trail cannot be written: nothing has been changed. */
async function noteRefusal(trail: Audited, error: unknown, request: FastifyRequest): Promise<void> {
  const refusal = statusOf(error)
  if (refusal === undefined) return
  try {
    await trail.refused(refusal.status, refusal.code)
  } catch (failure) {
    request.log.error({ err: failure, ...refusal }, 'the refusal is missing in the audit trail')
  }
}

function statusOf(error: unknown): { readonly status: number; readonly code: string } | undefined {
  if (error instanceof OpenStackRefusal) return { status: error.status, code: '' }
  return error instanceof Refusal || error instanceof Unserved ? answerOf(error) : undefined
}

/** Status and words of what went wrong, for the services that answer no codes. */
export function plainAnswer(error: unknown): { readonly status: number; readonly message: string } {
  return error instanceof OpenStackRefusal ? error : answerOf(error)
}
