import type { JobPorts } from './job-ports.ts'
import { leaveNext } from './scrub.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Sees to it that every realm has a scrub to come, and none later than the setting says; that realms without backups, or
 * all where scrubs are not wanted, have none. At start and once a day.
 */
export async function scrubRound(ports: Pick<JobPorts, 'catalog' | 'now' | 'integrity'>): Promise<void> {
  const { scrub } = ports.integrity ?? {}
  await ports.catalog.change(async records => {
    const at = ports.now()
    const waiting = new Map((await records.jobs.open(undefined, ['scrub'])).map(job => [job.projectId, job]))
    const realms = scrub ? await records.checkpoints.projects() : []
    for (const realm of realms) {
      const job = waiting.get(realm)
      waiting.delete(realm)
      const latest = new Date(at.getTime() + (scrub?.everyDays ?? 0) * DAY_MS)
      if (job === undefined) await leaveNext(ports, records, { realm, damaged: 0 }, at)
      else if (job.runAfter > latest) await records.jobs.postpone(job.id, latest)
    }
    for (const job of waiting.values()) if (job.claimedBy === undefined) await records.jobs.finish(job.id)
  })
}
