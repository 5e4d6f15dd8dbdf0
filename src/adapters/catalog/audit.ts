import type { AuditRecord, Audits } from '../../ports/catalog/audit.ts'
import { first, insertAll, type Session } from './session.ts'
import { given, slice, sortsOf, total } from './slice.ts'
import { table } from './table.ts'

const auditTable = table<AuditRecord>({
  id: 'text',
  at: 'time',
  projectId: 'text',
  userId: 'text',
  userName: 'text',
  operation: 'text',
  resourceId: 'text',
  sourceIp: 'text',
  requestId: 'text',
  status: 'number',
  errorCode: 'text',
})

const SORTS = sortsOf([{ key: 'at', descending: true }])

export function auditsOf(session: Session): Audits {
  const { db } = session
  return {
    append: record => insertAll(session, 'audit', auditTable, [record]),
    async list(projectId, filter, page) {
      const ofProject = db.selectFrom('audit').where('project_id', '=', projectId)
      const matching = ofProject.where(e =>
        e.and(given({ resource_id: filter.resourceId, operation: filter.operation })),
      )
      const marker = (id: string) => first(session, ofProject.selectAll().where('id', '=', id))
      const found = await slice(
        session,
        { rows: matching.selectAll(), total: matching.select(total), from: 'audit', sorts: SORTS, marker },
        page,
      )
      return { rows: found.rows.map(auditTable.toRecord), total: found.total }
    },
  }
}
