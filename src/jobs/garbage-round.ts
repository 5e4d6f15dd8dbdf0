import type { JobPorts } from './job-ports.ts'
import { requestCollection } from './request-collection.ts'

/**
 * Asks for every project's garbage to be collected: after a crash, and once in a while, so that packs are gathered that
 * nothing else would look at (a collection that was given up, chunks that two writers stored at the same time).
 */
export async function garbageRound(ports: Pick<JobPorts, 'catalog' | 'now'>): Promise<void> {
  await ports.catalog.change(async records => {
    for (const projectId of await records.checkpoints.projects()) {
      await requestCollection(records, projectId, ports.now())
    }
  })
}
