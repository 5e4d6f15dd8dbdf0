/** The front door: one port, on which each part of the service has its prefix (docs/design.md, URL layout). */
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import { contractCheck } from '../contract/check.ts'
import type { IdentityService } from '../ports/identity-service.ts'
import type { Ports } from '../ports/ports.ts'
import { auditRoutes } from './audit-routes.ts'
import { cbrRoutes } from './cbr-routes.ts'
import { docsRoutes } from './docs-routes.ts'
import { exportRoutes } from './export-routes.ts'
import { type HealthParts, healthRoutes } from './health-routes.ts'
import { identityRoutes } from './identity-routes.ts'
import { imageActionRoutes } from './image-action-routes.ts'
import { imageRoutes } from './image-routes.ts'
import { importRoutes } from './import-routes.ts'
import { refuseMalformed } from './malformed.ts'
import type { Metrics } from './metrics.ts'
import { refuseUnknown } from './not-found.ts'
import { answerOf, errorBody, isOurs } from './render.ts'
import { replicaRoutes } from './replica-routes.ts'
import { verificationRoutes } from './verification-routes.ts'
import { versionRoutes } from './version-routes.ts'
import { volumeRoutes } from './volume-routes.ts'
import { webhookRoutes } from './webhook-routes.ts'

export interface ServerParts {
  readonly ports: Ports
  readonly health: HealthParts
  /** Of the embedded shape: what stands behind `/identity`. */
  readonly identity?: IdentityService | undefined
  /** One line per request, and what went wrong inside. */
  readonly logger: FastifyBaseLogger
  /** Where callers reach the service, without a trailing slash; else the address that each caller used. */
  readonly publicUrl?: string | undefined
  /** Whose `X-Forwarded-*` headers say where a request comes from. */
  readonly trustedProxies: readonly string[]
}

/** Bytes of the largest JSON body: 256 resources with exclusions take less than a tenth. */
const LARGEST_BODY = 1024 * 1024
/** A request that has not arrived in full by then is given up. Answers may take as long as they need. */
const REQUEST_PATIENCE_MS = 60_000

export async function buildServer(parts: ServerParts): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => `req-${crypto.randomUUID()}`,
    bodyLimit: LARGEST_BODY,
    requestTimeout: REQUEST_PATIENCE_MS,
    forceCloseConnections: 'idle',
    trustProxy: parts.trustedProxies.length > 0 ? [...parts.trustedProxies] : false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (error, request, reply) => {
      renderError(error, request, reply.header('x-request-id', request.id))
    },
  })
  // Bodies stay bytes: a signature covers them, a missing path object is refused before a malformed body, and clients
  // send content types for bodies that are empty, and none for some that are not (client-notes 4.18).
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    account(parts.health.metrics, request, reply)
    done()
  })
  app.setErrorHandler(renderError)
  refuseUnknown(app)
  healthRoutes(app, parts.health)
  versionRoutes(app, parts.publicUrl)
  await app.register(async docs => docsRoutes(docs))
  if (parts.identity) await app.register(identityRoutes, { service: parts.identity })
  await app.register(async images => imageActionRoutes(images, parts.ports))
  await app.register(async images => imageRoutes(images, parts.ports, parts.publicUrl))
  await app.register(async verifications => verificationRoutes(verifications, parts.ports))
  await app.register(async volumes => volumeRoutes(volumes, parts.ports, parts.publicUrl))
  await app.register(async replicas => replicaRoutes(replicas, parts.ports))
  await app.register(async exports => exportRoutes(exports, parts.ports))
  await app.register(async imports => importRoutes(imports, parts.ports))
  await app.register(async webhooks => webhookRoutes(webhooks, parts.ports))
  await app.register(async audits => auditRoutes(audits, parts.ports))
  await app.register(async cbr => cbrRoutes(cbr, { ports: parts.ports, check: contractCheck() }))
  return app
}

function renderError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = answerOf(error)
  if (isOurs(answer)) request.log.error({ err: error }, 'the request failed')
  if (answer.status === 401) reply.header('www-authenticate', 'Keystone uri="/identity/v3"')
  return reply.code(answer.status).header('content-type', 'application/json').send(errorBody(answer, request.id))
}

function account(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const { config, url = 'none' } = request.routeOptions
  const route = 'operation' in config ? String(config.operation) : url
  const seconds = reply.elapsedTime / 1000
  metrics.served(route, request.method, reply.statusCode, seconds)
  request.log.info(
    {
      method: request.method,
      url: withoutQuery(request.url),
      status: reply.statusCode,
      ms: Math.round(seconds * 1e3),
      ip: request.ip,
    },
    route,
  )
}

/** Queries may hold names of customers' things; the log does without. */
const withoutQuery = (url: string): string => url.split('?', 1)[0] ?? ''
