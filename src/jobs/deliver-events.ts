/**
 * Sends one webhook what waits for it, oldest first. There is one such job per webhook at a time (control/webhook/tell.ts),
 * so that events arrive in their order: while one is tried again, those behind it wait. An event is sent again whenever
 * it is not sure that it has arrived, so at least once, always under the same id.
 */
import { ownWebhook } from '../control/webhook/webhook-rules.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import type { DeliveryRecord } from '../ports/catalog/delivery.ts'
import type { JobRecord } from '../ports/catalog/job.ts'
import type { WebhookRecord } from '../ports/catalog/webhook.ts'
import type { Attempt } from '../ports/event-sender.ts'
import { textOf } from './job-payload.ts'
import type { Failure, JobContext, JobPorts, JobType } from './job-ports.ts'
import { step } from './publish.ts'

/** It ends by itself: whatever its webhook does, it is not given up. */
export const deliverEvents: JobType = { lane: 'notify', mostAttempts: Number.POSITIVE_INFINITY, run, giveUp }

/** So many, then others have their turn. */
const MOST_IN_A_ROW = 100
const SHORTEST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60 * 60 * 1000
/** A failed attempt ends whatever is older than this. */
const TRIED_FOR_MS = 24 * 60 * 60 * 1000
/** An answer that finds fault with this very event ends it after so many attempts, for the sake of those behind it. */
const MOST_REFUSALS = 3

interface Next {
  readonly webhook: WebhookRecord
  readonly delivery: DeliveryRecord
}

async function run(ports: JobPorts, job: JobRecord, context: JobContext): Promise<void> {
  for (let sent = 0; sent < MOST_IN_A_ROW; sent += 1) {
    const next = await ports.catalog.read(records => nextOf(records, job))
    if (next === undefined) {
      if (await finished(ports, job, context)) return
      continue
    }
    const attempt = await send(ports, next, context)
    if ((await note(ports, job, context, { ...next, attempt })) === 'later') return
  }
  await step(ports, job, context, ({ jobs }) => jobs.release(job.id, context.worker, ports.now()))
}

async function nextOf(records: Records, job: JobRecord): Promise<Next | undefined> {
  const delivery = await records.deliveries.next(textOf(job, 'webhookId'))
  return delivery && { delivery, webhook: await ownWebhook(records, job.projectId, delivery.webhookId) }
}

/** Ends the job unless something has come to wait meanwhile. */
const finished = (ports: JobPorts, job: JobRecord, context: JobContext): Promise<boolean> =>
  step(ports, job, context, async records => {
    if ((await nextOf(records, job)) !== undefined) return false
    await records.jobs.finish(job.id)
    return true
  })

async function send(ports: JobPorts, { webhook, delivery }: Next, { signal }: JobContext): Promise<Attempt> {
  const { id: about, projectId, url } = webhook
  const at = ports.now()
  const valid = webhook.secrets.filter(({ until }) => until === undefined || until > at.getTime())
  const secrets = await Promise.all(valid.map(({ sealed }) => ports.secrets.open({ projectId, about }, sealed)))
  return ports.events.send({ url, id: delivery.eventId, type: delivery.type, body: delivery.body, secrets, at }, signal)
}

/** Writes down what came of an attempt, and whether the next one follows at once. */
async function note(
  ports: JobPorts,
  job: JobRecord,
  context: JobContext,
  { delivery, attempt }: Pick<Next, 'delivery'> & { readonly attempt: Attempt },
): Promise<'at once' | 'later'> {
  const at = ports.now()
  const { webhookId, eventId } = delivery
  const { answer, problem } = attempt
  const attempts = delivery.attempts + 1
  const delivered = problem === undefined
  const ended = delivered || (attempts >= MOST_REFUSALS && isRefusal(answer))
  if (!delivered)
    ports.log.info({ webhook: webhookId, event: eventId, attempts, answer, problem }, 'an event was not taken')
  await step(ports, job, context, async records => {
    await records.deliveries.update(delivery.id, {
      attempts,
      triedAt: at,
      answer: answer ?? null,
      problem: problem ?? null,
      ...(ended && { status: delivered ? 'delivered' : 'failed', endedAt: at }),
    })
    if (ended) return
    const wait = Math.min(SHORTEST_WAIT_MS * 2 ** (attempts - 1), LONGEST_WAIT_MS)
    const gone = { problem: 'not taken within a day', endedAt: at }
    await records.deliveries.giveUp(webhookId, gone, new Date(at.getTime() - TRIED_FOR_MS))
    await records.jobs.release(job.id, context.worker, new Date(at.getTime() + wait))
  })
  return ended ? 'at once' : 'later'
}

/** Statuses that speak of the request, but for those that ask for patience. */
const isRefusal = (answer = 0): boolean => answer >= 400 && answer < 500 && ![408, 425, 429].includes(answer)

/** Something of ours is wrong, such as a secret that does not open: what waits has failed. */
async function giveUp(records: Records, job: JobRecord, { message: problem }: Failure, endedAt: Date): Promise<void> {
  await records.deliveries.giveUp(textOf(job, 'webhookId'), { problem, endedAt })
}
