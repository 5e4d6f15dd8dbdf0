import { IMPORT_TYPE, PATIENCE_MS } from '../control/import/import-rules.ts'
import { condemnDisk } from '../control/volume/condemn-disk.ts'
import { garbageRound } from './garbage-round.ts'
import type { JobPorts } from './job-ports.ts'
import { scrubRound } from './scrub-round.ts'

/** How long tasks can be looked up after their end (semantics 13). */
const LOGS_KEPT_MS = 30 * 24 * 60 * 60 * 1000
/** And how long deliveries can. */
const DELIVERIES_KEPT_MS = 7 * 24 * 60 * 60 * 1000

/** What keeps a house tidy that nobody else would do: garbage, imports that were left, operation logs and
 * deliveries that are too old. */
export async function dailyRound(ports: Pick<JobPorts, 'catalog' | 'now' | 'log' | 'integrity'>): Promise<void> {
  await garbageRound(ports)
  await scrubRound(ports)
  await giveImportsUp(ports)
  const now = ports.now().getTime()
  const before = new Date(now - LOGS_KEPT_MS)
  const removed = await ports.catalog.change(({ operationLogs }) => operationLogs.removeEndedBefore(before))
  if (removed > 0) ports.log.info({ removed }, 'operation logs removed that ended more than 30 days ago')
  await ports.catalog.change(({ deliveries }) => deliveries.removeEndedBefore(new Date(now - DELIVERIES_KEPT_MS)))
}

/** Images that nobody goes on sending. */
async function giveImportsUp({ catalog, now, log }: Pick<JobPorts, 'catalog' | 'now' | 'log'>): Promise<void> {
  const given = await catalog.change(async records => {
    const at = now()
    const old = await records.disks.unfinished(IMPORT_TYPE, new Date(at.getTime() - PATIENCE_MS))
    for (const disk of old) await condemnDisk(records, disk, at)
    return old.length
  })
  if (given > 0) log.info({ imports: given }, 'imports given up that were begun and not finished')
}
