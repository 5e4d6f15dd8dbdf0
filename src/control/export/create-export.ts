import { refuse } from '../../contract/errors.ts'
import type { NewExport } from '../../contract/opencbr-api.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ProjectCaller } from '../use-case.ts'
import { guardianOf } from '../volume/volume-rules.ts'
import { exportable, LEASE_MS, MOST_SESSIONS } from './export-rules.ts'
import { asNewExport } from './export-view.ts'

export interface ExportOrder {
  readonly backupId: string
  readonly listen: ExportSessionRecord['listen']
  readonly overlay: boolean
  /** How long it lasts. */
  readonly seconds: number
}

/**
 * Opens a disk backup for NBD clients. The door is opened before the row is written and lets nobody in until then: a
 * session that the caller hears of can be reached, and a crash in between leaves nothing.
 */
export async function createExport(
  ports: Pick<Ports, 'catalog' | 'exports' | 'now'>,
  caller: ProjectCaller,
  order: ExportOrder,
): Promise<NewExport> {
  const backup = await ports.catalog.read(records => exportable(records, caller.projectId, order.backupId))
  const at = ports.now()
  const session: ExportSessionRecord = {
    id: crypto.randomUUID(),
    projectId: caller.projectId,
    userId: caller.userId,
    backupId: backup.id,
    listen: order.listen,
    overlay: order.overlay,
    sizeBytes: backup.resourceSizeBytes,
    createdAt: at,
    expiresAt: new Date(at.getTime() + 1000 * order.seconds),
    heldBy: ports.exports.holder,
    heldUntil: new Date(at.getTime() + LEASE_MS),
  }
  const opened = await ports.exports.open(session, { projectId: backup.projectId, backupId: backup.id })
  try {
    await ports.catalog.change(records => enter(records, session))
  } catch (error) {
    await ports.exports.close(session.id)
    throw error
  }
  return asNewExport(session, opened)
}

async function enter(records: Records, session: ExportSessionRecord): Promise<void> {
  const { projectId, backupId } = session
  const seen = await exportable(records, projectId, backupId)
  await records.backups.lock(guardianOf(seen))
  await exportable(records, projectId, backupId)
  const { total } = await records.exportSessions.list(projectId, {}, { limit: 1, offset: 0 })
  if (total >= MOST_SESSIONS) refuse('9900', { reason: `a project has at most ${MOST_SESSIONS} exports; end one` })
  await records.exportSessions.insert(session)
  await records.backups.use(guardianOf(seen), 1)
}
