import type { AppliedPolicies, AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import { first, type Session } from './session.ts'
import { given } from './slice.ts'
import { table } from './table.ts'

const appliedTable = table<AppliedPolicyRecord>({
  vaultId: 'text',
  operationType: 'text',
  projectId: 'text',
  policyId: 'text',
  destinationVaultId: 'text?',
  lastDue: 'time?',
  nextDue: 'time?',
})

export function appliedPoliciesOf(session: Session): AppliedPolicies {
  const { db, among } = session
  const all = () => db.selectFrom('applied_policy').selectAll()
  return {
    async put(applied) {
      await session.all(
        db
          .insertInto('applied_policy')
          .values(appliedTable.toRow(applied))
          .onConflict(conflict =>
            conflict.columns(['vault_id', 'operation_type']).doUpdateSet(e => ({
              policy_id: e.ref('excluded.policy_id'),
              destination_vault_id: e.ref('excluded.destination_vault_id'),
              last_due: e.ref('excluded.last_due'),
              next_due: e.ref('excluded.next_due'),
            })),
          ),
      )
    },
    async of(policyIds) {
      const query = all().where(among('policy_id', policyIds)).orderBy('policy_id').orderBy('vault_id')
      return (await session.all(query)).map(appliedTable.toRecord)
    },
    async inVaults(vaultIds) {
      const query = all().where(among('vault_id', vaultIds)).orderBy('vault_id').orderBy('operation_type')
      return (await session.all(query)).map(appliedTable.toRecord)
    },
    async due(operationType, now) {
      const query = all()
        .where('operation_type', '=', operationType)
        .where('next_due', '<=', now.getTime())
        .orderBy('next_due')
        .orderBy('vault_id')
      return (await session.all(query)).map(appliedTable.toRecord)
    },
    async schedule(policyId, nextDue) {
      const next = nextDue?.getTime() ?? null
      await session.all(db.updateTable('applied_policy').set({ next_due: next }).where('policy_id', '=', policyId))
    },
    async advance({ vaultId, operationType, policyId, nextDue }, to) {
      const query = db
        .updateTable('applied_policy')
        .set({ last_due: to.lastDue.getTime(), next_due: to.nextDue.getTime() })
        .where('vault_id', '=', vaultId)
        .where('operation_type', '=', operationType)
        .where('policy_id', '=', policyId)
        .where('next_due', '=', nextDue.getTime())
        .returning('vault_id')
      return (await first(session, query)) !== undefined
    },
    async remove(which) {
      const named =
        'policyId' in which
          ? { policy_id: which.policyId }
          : given({ vault_id: which.vaultId, operation_type: which.operationType })
      await session.all(db.deleteFrom('applied_policy').where(e => e.and(named)))
    },
  }
}
