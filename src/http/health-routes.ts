/** For load balancers and monitoring; no credentials. */
import type { FastifyInstance } from 'fastify'
import type { Catalog } from '../ports/catalog/catalog.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Metrics } from './metrics.ts'

export interface HealthParts {
  readonly catalog: Pick<Catalog, 'ready'>
  readonly objectStore: Pick<ObjectStore, 'list'>
  readonly metrics: Metrics
}

/** Below what load balancers wait, so that they hear which part it is. A store that is away is tried again for 20 s. */
const PATIENCE_MS = 3_000

const NO_ANSWER = `no answer within ${PATIENCE_MS / 1000} s`

/** `/healthz`: the process lives. `/readyz`: its catalog and chunk store answer. */
export function healthRoutes(app: FastifyInstance, { catalog, objectStore, metrics }: HealthParts): void {
  const parts = {
    catalog: onceAtATime(() => catalog.ready()),
    store: onceAtATime(() => objectStore.list('ready/')[Symbol.asyncIterator]().next()),
  }
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (request, reply) => {
    const states = Object.entries(parts).map(async ([name, check]) => {
      const failure = await failureOf(check)
      if (failure !== undefined) request.log.warn({ err: failure }, `not ready: the ${name}`)
      // Why it failed is the operator's to know: the log says it, and not everybody who asks.
      return [name, failure === undefined ? 'ready' : failure.message === NO_ANSWER ? NO_ANSWER : 'failed'] as const
    })
    const found = Object.fromEntries(await Promise.all(states))
    if (Object.values(found).every(state => state === 'ready')) return { status: 'ready' }
    return reply.code(503).send({ status: 'not ready', parts: found })
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}

/** Whoever asks while it runs gets what comes of that run: probes of a part that hangs do not heap up behind it. */
function onceAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
}

/** Undefined where it ends well in time. */
async function failureOf(check: () => Promise<unknown>): Promise<Error | undefined> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(NO_ANSWER)), PATIENCE_MS)
  try {
    await Promise.race([check(), promise])
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    clearTimeout(timer)
  }
}
