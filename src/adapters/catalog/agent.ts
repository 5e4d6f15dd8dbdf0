import type { AgentRecord, Agents } from '../../ports/catalog/agent.ts'
import { demandWritable, first, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { table } from './table.ts'

const agentTable = table<AgentRecord>({
  id: 'text',
  projectId: 'text',
  version: 'text?',
  type: 'text?',
  hostName: 'text',
  hostNickname: 'text',
  hostIp: 'text',
  hostOs: 'text',
  status: 'text',
  lastActiveAt: 'time',
  createdAt: 'time',
  updatedAt: 'time',
  paths: 'json',
})

export function agentsOf(session: Session): Agents {
  const { db, among } = session
  const ofProject = (projectId: string) => db.selectFrom('agent').where('project_id', '=', projectId)
  const called = (projectId: string, id: string) => ofProject(projectId).selectAll().where('id', '=', id)
  return {
    async put(agent) {
      const { id: _id, project_id: _project, ...changes } = agentTable.toRow(agent)
      await session.all(
        db
          .insertInto('agent')
          .values(agentTable.toRow(agent))
          .onConflict(conflict => conflict.columns(['project_id', 'id']).doUpdateSet(changes)),
      )
    },
    async find(projectId, id) {
      const row = await first(session, called(projectId, id))
      return row && agentTable.toRecord(row)
    },
    async lock(projectId, id) {
      demandWritable(session)
      const row = await first(
        session,
        called(projectId, id).$if(session.locksRows, query => query.forUpdate()),
      )
      return row && agentTable.toRecord(row)
    },
    async named(projectId, ids) {
      const query = ofProject(projectId).selectAll().where(among('id', ids)).orderBy('id')
      return (await session.all(query)).map(agentTable.toRecord)
    },
    async list(projectId, { ids, status }, page) {
      const matching = ofProject(projectId)
        .where(e => e.and(given({ status })))
        .$if(ids !== undefined, some => some.where(among('id', ids ?? [])))
      const marker = (id: string) => first(session, called(projectId, id))
      const found = await slice(
        session,
        { rows: matching.selectAll(), total: matching.select(total), from: 'agent', sorts: NEWEST_FIRST, marker },
        page,
      )
      return { rows: found.rows.map(agentTable.toRecord), total: found.total }
    },
    async remove(projectId, id) {
      await session.all(db.deleteFrom('agent').where('project_id', '=', projectId).where('id', '=', id))
    },
  }
}
