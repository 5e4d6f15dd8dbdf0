import type { Policies, PolicyRecord } from '../../ports/catalog/policy.ts'
import { demandWritable, first, insertAll, type Session } from './session.ts'
import { table } from './table.ts'

const policyTable = table<PolicyRecord>({
  id: 'text',
  projectId: 'text',
  name: 'text',
  enabled: 'flag',
  operationType: 'text',
  definition: 'json',
  triggerId: 'text',
  patterns: 'json',
  startWindowMinutes: 'number?',
  createdAt: 'time',
  updatedAt: 'time',
  organizationPolicyId: 'text?',
})

export function policiesOf(session: Session): Policies {
  const { db, among } = session
  const ofProject = (projectId: string) => db.selectFrom('policy').selectAll().where('project_id', '=', projectId)
  return {
    insert: policy => insertAll(session, 'policy', policyTable, [policy]),
    async find(projectId, id) {
      const row = await first(session, ofProject(projectId).where('id', '=', id))
      return row && policyTable.toRecord(row)
    },
    async lock(projectId, id) {
      demandWritable(session)
      const row = await first(
        session,
        ofProject(projectId)
          .where('id', '=', id)
          .$if(session.locksRows, query => query.forUpdate()),
      )
      return row && policyTable.toRecord(row)
    },
    async list(projectId, { operationType, vaultId }) {
      const query = ofProject(projectId)
        .$if(operationType !== undefined, some => some.where('operation_type', '=', operationType ?? ''))
        .$if(vaultId !== undefined, some =>
          some.where('id', 'in', e =>
            e
              .selectFrom('applied_policy')
              .select('policy_id')
              .where('vault_id', '=', vaultId ?? ''),
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('id')
      return (await session.all(query)).map(policyTable.toRecord)
    },
    async rolledOut(organizationPolicyIds) {
      const query = db
        .selectFrom('policy')
        .selectAll()
        .where(among('organization_policy_id', organizationPolicyIds))
        .orderBy('id')
      return (await session.all(query)).map(policyTable.toRecord)
    },
    async update(id, patch) {
      const changes = policyTable.toChanges(patch)
      if (Object.keys(changes).length > 0) await session.all(db.updateTable('policy').set(changes).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('policy').where('id', '=', id))
    },
  }
}
