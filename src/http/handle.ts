/**
 * One request of the CBR API, in the order of semantics 1.3: who calls (401), for which project and with which right
 * (403), what is asked (404 for the path's object, then 9900), the use case, the answer.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ContractCheck, RawQuery } from '../contract/check.ts'
import { Refusal } from '../contract/errors.ts'
import { type OperationId, operations } from '../contract/operations.gen.ts'
import { successStatus } from '../contract/statuses.ts'
import type { ProjectCaller, Request } from '../control/use-case.ts'
import type { Caller } from '../ports/identity.ts'
import type { MayCall, Ports } from '../ports/ports.ts'
import { type Audited, audited } from './audited.ts'
import { identify } from './identify.ts'
import { answerOf, Unserved } from './render.ts'
import { ANYONE, type Route } from './routes.ts'

export interface Door {
  readonly ports: Ports
  readonly check: ContractCheck
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

export function handling<O extends OperationId>(operation: O, route: Route<O>, door: Door): Handler {
  const status = successStatus(operation)
  const audits = operations[operation].method !== 'GET' && !('reads' in route)
  return async (request, reply) => {
    const path = request.params as Record<string, string>
    const caller = { ...(await identify(door.ports.identity, request, path.project_id)), requestId: request.id }
    const audit = audits ? trail(door, operation, status, { request, caller, path }) : undefined
    try {
      const asking = authorise(door.ports.mayCall, caller, route.action, path.project_id)
      const asked = await checked(operation, route, { door, caller: asking, request, path })
      const ports = audit ? { ...door.ports, catalog: audit.catalog } : door.ports
      const answer = await route.run(ports, asking, asked)
      await audit?.succeeded()
      reply.code(status)
      if (answer === undefined) return reply.send()
      return reply.header('content-type', 'application/json').send(JSON.stringify(answer))
    } catch (error) {
      if (audit && (error instanceof Refusal || error instanceof Unserved)) await refused(audit, error, request)
      throw error
    }
  }
}

/** Refuses what the credential is not scoped to, or its roles do not allow. */
function authorise(
  mayCall: MayCall,
  caller: Caller & { readonly requestId: string },
  action: string,
  projectId: string | undefined,
): ProjectCaller {
  if (projectId !== undefined && caller.projectId !== projectId) {
    throw new Unserved(403, 'the credential is not for the project of the path')
  }
  if (action === ANYONE) return { ...caller, projectId: caller.projectId ?? '' }
  if (caller.projectId === undefined) throw new Unserved(403, 'the credential is for no project')
  if (!mayCall(caller, action)) throw new Unserved(403, `no role of ${caller.userName} allows ${action} here`)
  return { ...caller, projectId: caller.projectId }
}

interface Asking {
  readonly door: Door
  readonly caller: ProjectCaller
  readonly request: FastifyRequest
  readonly path: Record<string, string>
}

/**
 * The request as the contract has it. Where it does not fit, a missing object of the path is the earlier refusal; it is
 * looked for only then, since the use case looks for it itself inside its transaction.
 */
async function checked<O extends OperationId>(operation: O, route: Route<O>, asking: Asking): Promise<Request<O>> {
  const { door, request } = asking
  try {
    return {
      path: door.check.pathOf(operation, asking.path),
      query: door.check.queryOf(operation, request.query as RawQuery),
      body: door.check.bodyOf(operation, request.body instanceof Uint8Array ? request.body : undefined),
    }
  } catch (error) {
    if (error instanceof Refusal) await route.exists?.(door.ports, asking.caller, asking.path)
    throw error
  }
}

interface Called {
  readonly request: FastifyRequest
  readonly caller: Caller & { readonly requestId: string }
  readonly path: Record<string, string>
}

/** Of the path's ids the last but the project's; a trail is kept for callers of a project only (audited.ts). */
function trail(door: Door, operation: OperationId, status: number, called: Called): Audited | undefined {
  const { caller, path, request } = called
  if (caller.projectId === undefined) return undefined
  const [, subject] = Object.entries(path).find(([name]) => name.endsWith('_id') && name !== 'project_id') ?? []
  const facts = {
    at: door.ports.now(),
    projectId: caller.projectId,
    userId: caller.userId,
    userName: caller.userName,
    operation,
    resourceId: subject ?? '',
    sourceIp: request.ip,
    requestId: request.id,
  }
  return audited(door.ports.catalog, facts, status)
}

/** The caller gets the refusal even when the trail cannot be written: nothing has been changed. */
async function refused(audit: Audited, refusal: Refusal | Unserved, request: FastifyRequest): Promise<void> {
  const { status, code } = answerOf(refusal)
  try {
    await audit.refused(status, code)
  } catch (error) {
    request.log.error({ err: error, status, code }, 'the refusal is missing in the audit trail')
  }
}
