import { garbageRound } from './garbage-round.ts'
import type { JobPorts } from './job-ports.ts'
import { scrubRound } from './scrub-round.ts'

/** How long tasks can be looked up after their end (semantics 13). */
const LOGS_KEPT_MS = 30 * 24 * 60 * 60 * 1000

/** What keeps a house tidy that nobody else would do: garbage, and operation logs that are too old. */
export async function dailyRound(ports: Pick<JobPorts, 'catalog' | 'now' | 'log' | 'integrity'>): Promise<void> {
  await garbageRound(ports)
  await scrubRound(ports)
  const before = new Date(ports.now().getTime() - LOGS_KEPT_MS)
  const removed = await ports.catalog.change(({ operationLogs }) => operationLogs.removeEndedBefore(before))
  if (removed > 0) ports.log.info({ removed }, 'operation logs removed that ended more than 30 days ago')
}
