import type { CheckpointRecord, Checkpoints } from '../../ports/catalog/checkpoint.ts'
import { demandWritable, first, insertAll, type Session } from './session.ts'
import { table } from './table.ts'

const checkpointTable = table<CheckpointRecord>({
  id: 'text',
  projectId: 'text',
  vaultId: 'text',
  vaultName: 'text',
  name: 'text',
  description: 'text',
  status: 'text',
  createdAt: 'time',
  autoTrigger: 'flag',
  incremental: 'flag',
  retentionDays: 'number',
  resources: 'json',
  skipped: 'json',
})

export function checkpointsOf(session: Session): Checkpoints {
  const { db } = session
  const named = (id: string) => db.selectFrom('checkpoint').selectAll().where('id', '=', id)
  return {
    insert: checkpoint => insertAll(session, 'checkpoint', checkpointTable, [checkpoint]),
    async find(projectId, id) {
      const row = await first(session, named(id).where('project_id', '=', projectId))
      return row && checkpointTable.toRecord(row)
    },
    async lock(id) {
      demandWritable(session)
      const row = await first(
        session,
        named(id).$if(session.locksRows, query => query.forUpdate()),
      )
      return row && checkpointTable.toRecord(row)
    },
    async setStatus(id, status) {
      await session.all(db.updateTable('checkpoint').set({ status }).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('checkpoint').where('id', '=', id))
    },
    async projects() {
      const query = db.selectFrom('checkpoint').select('project_id').distinct().orderBy('project_id')
      return (await session.all(query)).map(row => row.project_id)
    },
  }
}
