import { expire } from '../control/policy/apply-retention.ts'
import type { AgingBackup } from '../ports/catalog/aging.ts'
import type { Records } from '../ports/catalog/catalog.ts'
import { Fault } from '../ports/fault.ts'
import type { Ports } from '../ports/ports.ts'
import { removeRows } from './remove-rows.ts'

const PAGE = 500
const DAY_MS = 24 * 60 * 60 * 1000
/** Failed automatic backups are kept for a month (semantics 10). */
const FAILED_FOR_MS = 30 * DAY_MS

/**
 * Ends the backups whose expiry has come, and removes failed automatic ones after a month. Answers
 * whether there is work for the jobs. A transaction per backup: a sweep holds nothing for long and can stop anywhere; one
 * that cannot be ended does not keep the others.
 */
export async function sweepAged(ports: SweepPorts, stopped: AbortSignal): Promise<boolean> {
  const { catalog } = ports
  const at = ports.now()
  const aMonthAgo = new Date(at.getTime() - FAILED_FOR_MS)
  let ended = false
  const walk = { log: ports.log, stopped }
  await eachAged(
    walk,
    after => catalog.read(({ aging }) => aging.expired(at, PAGE, after)),
    async ({ id }) => {
      ended = (await catalog.change(records => expire(records, id, at))) || ended
    },
  )
  await eachAged(
    walk,
    after => catalog.read(({ aging }) => aging.failed(aMonthAgo, PAGE, after)),
    ({ id }) => catalog.change(records => removeFailed(records, id)),
  )
  return ended
}

type SweepPorts = Pick<Ports, 'catalog' | 'now' | 'log'>

interface Walk extends Pick<Ports, 'log'> {
  readonly stopped: AbortSignal
}

async function eachAged(
  { log, stopped }: Walk,
  page: (after: AgingBackup | undefined) => Promise<readonly AgingBackup[]>,
  work: (backup: AgingBackup) => Promise<void>,
): Promise<void> {
  let after: AgingBackup | undefined
  do {
    const backups = await page(after)
    for (const backup of backups) {
      if (stopped.aborted) return
      try {
        await work(backup)
      } catch (error) {
        if (error instanceof Fault) throw error // the catalog itself does not answer
        log.error(
          { err: error, backup: backup.id },
          'a backup whose time is over could not be ended; trying again later',
        )
      }
    }
    after = backups.length < PAGE ? undefined : backups.at(-1)
  } while (after !== undefined)
}

/** It holds no bytes: rows are all there is of it. */
async function removeFailed(records: Records, id: string): Promise<void> {
  const found = await records.backups.find(id)
  if (found) await records.vaults.lock(found.projectId, found.vaultId)
  const backup = await records.backups.find(id)
  if (backup?.status === 'error') await removeRows(records, backup)
}
