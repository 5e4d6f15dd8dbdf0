import type { ServerRecord, ServerRecords } from '../../ports/catalog/disk.ts'
import { first, type Session } from './session.ts'
import { table } from './table.ts'

const serverTable = table<ServerRecord>({
  id: 'text',
  projectId: 'text',
  name: 'text',
  status: 'text',
  availabilityZone: 'text',
  createdAt: 'time',
  metadata: 'json?',
})

export function serversOf(session: Session): ServerRecords {
  const { db } = session
  const ofProject = (projectId: string) => db.selectFrom('server').selectAll().where('project_id', '=', projectId)
  return {
    async put(server) {
      await session.all(
        db
          .insertInto('server')
          .values(serverTable.toRow(server))
          .onConflict(conflict =>
            conflict.column('id').doUpdateSet(e => ({
              name: e.ref('excluded.name'),
              availability_zone: e.ref('excluded.availability_zone'),
              metadata: e.ref('excluded.metadata'),
            })),
          ),
      )
    },
    async find(projectId, id) {
      const row = await first(session, ofProject(projectId).where('id', '=', id))
      return row && serverTable.toRecord(row)
    },
    async ofProject(projectId) {
      const query = ofProject(projectId).orderBy('created_at', 'desc').orderBy('id')
      return (await session.all(query)).map(serverTable.toRecord)
    },
    async setStatus(id, status) {
      await session.all(db.updateTable('server').set({ status }).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('server').where('id', '=', id))
    },
  }
}
