import type { ExportSessionRecord, ExportSessions } from '../../ports/catalog/export-session.ts'
import { first, insertAll, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { table } from './table.ts'

const sessionTable = table<ExportSessionRecord>({
  id: 'text',
  projectId: 'text',
  userId: 'text',
  backupId: 'text',
  listen: 'text',
  overlay: 'flag',
  sizeBytes: 'number',
  createdAt: 'time',
  expiresAt: 'time',
  heldBy: 'text',
  heldUntil: 'time',
})

export function exportSessionsOf(session: Session): ExportSessions {
  const { db } = session
  const ofProject = (projectId: string) => db.selectFrom('export_session').where('project_id', '=', projectId)
  const named = (projectId: string, id: string) => ofProject(projectId).selectAll().where('id', '=', id)
  return {
    insert: record => insertAll(session, 'export_session', sessionTable, [record]),
    async find(projectId, id) {
      const row = await first(session, named(projectId, id))
      return row && sessionTable.toRecord(row)
    },
    async list(projectId, filter, page) {
      const matching = ofProject(projectId).where(e => e.and(given({ backup_id: filter.backupId })))
      const marker = (id: string) => first(session, named(projectId, id))
      const found = await slice(
        session,
        {
          rows: matching.selectAll(),
          total: matching.select(total),
          from: 'export_session',
          sorts: NEWEST_FIRST,
          marker,
        },
        page,
      )
      return { rows: found.rows.map(sessionTable.toRecord), total: found.total }
    },
    async open(heldBy) {
      const query = db
        .selectFrom('export_session')
        .selectAll()
        .$if(heldBy !== undefined, some => some.where('held_by', '=', heldBy ?? ''))
        .orderBy('created_at')
        .orderBy('id')
      return (await session.all(query)).map(sessionTable.toRecord)
    },
    async renew(heldBy, until) {
      const changes = sessionTable.toChanges({ heldUntil: until })
      await session.all(db.updateTable('export_session').set(changes).where('held_by', '=', heldBy))
    },
    async remove(id) {
      const query = db.deleteFrom('export_session').where('id', '=', id).returning('id')
      return (await session.all(query)).length > 0
    },
  }
}
