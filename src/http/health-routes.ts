/** For load balancers and monitoring; no credentials. */
import type { FastifyInstance } from 'fastify'
import type { Metrics } from './metrics.ts'

export interface HealthParts {
  /** Resolves when the parts that every call needs answer; rejects with why not. */
  readonly ready: () => Promise<void>
  readonly metrics: Metrics
}

const PATIENCE_MS = 5_000

/** `/healthz`: the process lives. `/readyz`: its catalog and chunk store answer. */
export function healthRoutes(app: FastifyInstance, { ready, metrics }: HealthParts): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    try {
      await within(PATIENCE_MS, ready())
      return { status: 'ready' }
    } catch (error) {
      request.log.warn({ err: error }, 'not ready')
      return reply.code(503).send({ status: 'not ready' })
    }
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
