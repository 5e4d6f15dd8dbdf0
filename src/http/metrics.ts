/** What `/metrics` tells: this process, the requests it served, the work that waits, the bytes it keeps. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricSources {
  /** Kinds of the jobs that wait or run, one entry per job. */
  readonly openJobs: () => Promise<readonly string[]>
  /** Bytes that all objects of the chunk store take. Walks the store: asked at most once a minute. */
  readonly storeBytes: () => Promise<number>
  /** What the last scrubs found, over all realms. */
  readonly scrubs: () => Promise<Scrubs>
  readonly now: () => Date
}

export interface Scrubs {
  /** Of what backups need. */
  readonly damaged: number
  /** End of the scrub that is the longest ago; undefined before the first. */
  readonly oldest: Date | undefined
}

export interface Metrics {
  /** `route` is an operation's name or a route's pattern, never a URL: there are as many series as routes. */
  served(route: string, method: string, status: number, seconds: number): void
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

const STORE_BYTES_AGE_MS = 60_000

export function openMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const served = new Histogram({
    name: 'opencbr_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  new Gauge({
    name: 'opencbr_jobs_open',
    help: 'Jobs that wait or run, by kind',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const kinds = await sources.openJobs()
      this.reset()
      for (const kind of kinds) this.inc({ kind })
    },
  })
  scrubGauges(registry, sources)
  const storeBytes = remembered(sources.storeBytes, sources.now)
  new Gauge({
    name: 'opencbr_store_bytes',
    help: 'Bytes that all objects of the chunk store take, at most a minute old',
    registers: [registry],
    async collect() {
      this.set(await storeBytes())
    },
  })
  return {
    served: (route, method, status, seconds) => served.observe({ route, method, status: String(status) }, seconds),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function scrubGauges(registry: Registry, { scrubs }: MetricSources): void {
  new Gauge({
    name: 'opencbr_damaged_chunks',
    help: 'Chunks and objects that backups need and that the last scrubs found damaged',
    registers: [registry],
    async collect() {
      this.set((await scrubs()).damaged)
    },
  })
  new Gauge({
    name: 'opencbr_scrub_oldest_timestamp_seconds',
    help: 'When the scrub ended that is the longest ago, over all projects; 0 before the first',
    registers: [registry],
    async collect() {
      this.set(((await scrubs()).oldest?.getTime() ?? 0) / 1000)
    },
  })
}

/** Asks again only when the last answer is old; who asks meanwhile shares the running question. */
function remembered(ask: () => Promise<number>, now: () => Date): () => Promise<number> {
  let last: { readonly at: number; readonly answer: Promise<number> } | undefined
  return () => {
    const at = now().getTime()
    if (last !== undefined && at - last.at < STORE_BYTES_AGE_MS) return last.answer
    const answer = ask()
    last = { at, answer }
    answer.catch(() => {
      last = undefined // a failed question is asked again at once
    })
    return answer
  }
}
