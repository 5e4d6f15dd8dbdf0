import type { Records } from '../ports/catalog/catalog.ts'

/**
 * Asks for a realm's garbage to be collected, in the transaction that makes or leaves garbage, so that none is forgotten.
 * One that waits already will do; one that runs may have looked too early.
 */
export async function requestCollection(records: Pick<Records, 'jobs'>, realm: string, at: Date): Promise<void> {
  const open = await records.jobs.open(realm, ['collect-garbage'])
  if (open.some(job => job.claimedBy === undefined)) return
  await records.jobs.insert([
    {
      id: crypto.randomUUID(),
      kind: 'collect-garbage',
      projectId: realm,
      payload: { realm },
      createdAt: at,
      runAfter: at,
      attempts: 0,
    },
  ])
}
