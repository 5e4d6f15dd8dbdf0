/** The backups of a place: a vault, and there possibly one resource or checkpoint. */
import type { BackupPlace, BackupRecord, BackupStatus, NearestLook } from '../../ports/catalog/backup.ts'
import { backupTable } from './backup-table.ts'
import { first, ONE, type Session } from './session.ts'
import { beyond, given } from './slice.ts'

const inPlace = ({ db }: Session, { projectId, vaultId, resourceId, checkpointId }: BackupPlace) =>
  db
    .selectFrom('backup')
    .where('project_id', '=', projectId)
    .where(e => e.and(given({ vault_id: vaultId, resource_id: resourceId, checkpoint_id: checkpointId })))

export async function allIn(session: Session, place: BackupPlace): Promise<readonly BackupRecord[]> {
  const query = inPlace(session, place).selectAll().orderBy('created_at').orderBy('id')
  return (await session.all(query)).map(backupTable.toRecord)
}

export async function statusesIn(
  session: Session,
  place: BackupPlace,
): Promise<readonly Pick<BackupRecord, 'id' | 'status'>[]> {
  const rows = await session.all(inPlace(session, place).select(['id', 'status']))
  return rows.map(({ id, status }) => ({ id, status: status as BackupStatus }))
}

export async function nearestIn(session: Session, place: BackupPlace, look: NearestLook) {
  const { statuses, withBytes = false, lasting = false, olderThan, newerThan } = look
  const edge = olderThan ?? newerThan
  const sorts = ['created_at', 'id'].map(key => ({ key, descending: newerThan === undefined, nullable: false }))
  const query = inPlace(session, place)
    .selectAll()
    .where(session.among('status', statuses))
    .$if(withBytes, some => some.where('protected_at', 'is not', null))
    .$if(lasting, some => some.where(e => e.or([e('auto_trigger', '=', 1), e('expired_at', 'is', null)])))
    .$if(edge !== undefined, some =>
      some.where(beyond(sorts, 'backup', { created_at: edge?.createdAt.getTime(), id: edge?.id })),
    )
    .orderBy('created_at', newerThan ? 'asc' : 'desc')
    .orderBy('id', newerThan ? 'asc' : 'desc')
    .limit(ONE)
  const row = await first(session, query)
  return row && backupTable.toRecord(row)
}
