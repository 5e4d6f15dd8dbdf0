import type { Records } from '../../ports/catalog/catalog.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import type { Ports } from '../../ports/ports.ts'
import { endSession, isAllowed, LEASE_MS } from './export-rules.ts'

export interface Keeper {
  /** The name under which this process holds its sessions. */
  readonly holder: string
  /** No other process has this catalog: what others hold is left over. */
  readonly alone: boolean
}

/**
 * Ends this process's sessions that may not go on, and those that a dead process left; answers the ids of its own that
 * may. Asked every second, and before anything is read after a change of the catalog.
 */
export async function keepExports(
  { catalog, now }: Pick<Ports, 'catalog' | 'now'>,
  keeper: Keeper,
): Promise<ReadonlySet<string>> {
  const at = now()
  const { kept, over } = await catalog.read(records => sorted(records, keeper, at))
  if (over.length > 0)
    await catalog.change(async records => {
      for (const session of (await sorted(records, keeper, at)).over) await endSession(records, session)
    })
  return new Set(kept.map(({ id }) => id))
}

async function sorted(records: Records, keeper: Keeper, at: Date) {
  const [kept, over]: [ExportSessionRecord[], ExportSessionRecord[]] = [[], []]
  for (const session of await records.exportSessions.open()) {
    if (session.heldBy === keeper.holder) ((await isAllowed(records, session, at)) ? kept : over).push(session)
    else if (keeper.alone || session.heldUntil < at) over.push(session)
  }
  return { kept, over }
}

/** This process lives: its sessions stay its own for another while. */
export async function renewExports({ catalog, now }: Pick<Ports, 'catalog' | 'now'>, holder: string): Promise<void> {
  const until = new Date(now().getTime() + LEASE_MS)
  await catalog.change(({ exportSessions }) => exportSessions.renew(holder, until))
}

/** This process stops: its sessions end. */
export async function endExports({ catalog }: Pick<Ports, 'catalog'>, holder: string): Promise<void> {
  await catalog.change(async records => {
    for (const session of await records.exportSessions.open(holder)) await endSession(records, session)
  })
}
