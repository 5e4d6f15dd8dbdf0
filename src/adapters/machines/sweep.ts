/** Removes what we have made in a machine, records of changes excepted: at the end of a moment, and before the next one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../ports/fault.ts'
import { devicesOf, listOf, namesIn, textOf } from './answers.ts'
import { isCopy, isOurs } from './names.ts'
import { type QmpClient, QmpRefused } from './qmp-client.ts'

const GONE_MS = 15_000
const LOOK_MS = 10

/**
 * Readers lose their export first, and the copying of what the guest overwrites ends only then: nobody can read a mixture
 * of two moments. Safe to repeat, and where nothing is left.
 */
export async function sweep(qmp: QmpClient): Promise<void> {
  await endExports(qmp)
  await untilGone('jobs', () => endJobs(qmp))
  const nodes = await namesIn(qmp, 'query-named-block-nodes', 'node-name', { flat: true })
  // A view lies on its file.
  for (const node of nodes.filter(isOurs).sort().reverse()) await qmp.execute('blockdev-del', { 'node-name': node })
  for (const { node, bitmaps } of await devicesOf(qmp))
    for (const { name } of bitmaps.filter(({ name }) => isCopy(name)))
      await qmp.execute('block-dirty-bitmap-remove', { node, name })
}

/** The machine has one NBD server, and no way to tell whose: with exports of others, only ours go. */
async function endExports(qmp: QmpClient): Promise<void> {
  const exports = await namesIn(qmp, 'query-block-exports', 'id')
  const ours = exports.filter(isOurs)
  if (exports.length === ours.length) {
    const nodes = await namesIn(qmp, 'query-named-block-nodes', 'node-name', { flat: true })
    if (ours.length > 0 || nodes.some(isOurs)) await allowed(qmp.execute('nbd-server-stop'))
  } else for (const id of ours) await qmp.execute('block-export-del', { id, mode: 'hard' })
  await untilGone('exports', async () => (await namesIn(qmp, 'query-block-exports', 'id')).some(isOurs))
}

/** Answers whether any are left. */
async function endJobs(qmp: QmpClient): Promise<boolean> {
  const jobs = listOf(await qmp.execute('query-jobs'), 'query-jobs').filter(job => isOurs(textOf(job.id)))
  for (const { id, status } of jobs) {
    if (status === 'concluded') await allowed(qmp.execute('job-dismiss', { id }))
    else await allowed(qmp.execute('job-cancel', { id }))
  }
  return jobs.length > 0
}

/** It may be over already. */
async function allowed(command: Promise<unknown>): Promise<void> {
  try {
    await command
  } catch (error) {
    if (!(error instanceof QmpRefused)) throw error
  }
}

async function untilGone(what: string, areLeft: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; await areLeft(); waited += LOOK_MS) {
    if (waited > GONE_MS) throw new Fault('unavailable', `the machine does not end our ${what}`)
    await sleep(LOOK_MS)
  }
}
