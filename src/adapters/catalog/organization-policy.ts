import type { OrganizationPolicies, OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import { demandWritable, first, insertAll, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { table } from './table.ts'

const organizationTable = table<OrganizationPolicyRecord>({
  id: 'text',
  domainId: 'text',
  name: 'text',
  description: 'text',
  effectiveScope: 'text',
  operationType: 'text',
  policyName: 'text',
  enabled: 'flag',
  definition: 'json',
  patterns: 'json',
  startWindowMinutes: 'number?',
  createdAt: 'time',
  updatedAt: 'time',
})

export function organizationPoliciesOf(session: Session): OrganizationPolicies {
  const { db } = session
  const ofDomain = (domainId: string) => db.selectFrom('organization_policy').where('domain_id', '=', domainId)
  const named = (domainId: string, id: string) => ofDomain(domainId).selectAll().where('id', '=', id)
  return {
    insert: policy => insertAll(session, 'organization_policy', organizationTable, [policy]),
    async find(domainId, id) {
      const row = await first(session, named(domainId, id))
      return row && organizationTable.toRecord(row)
    },
    async lock(domainId, id) {
      demandWritable(session)
      const row = await first(
        session,
        named(domainId, id).$if(session.locksRows, query => query.forUpdate()),
      )
      return row && organizationTable.toRecord(row)
    },
    async list(domainId, { operationType }, page) {
      const matching = ofDomain(domainId).where(e => e.and(given({ operation_type: operationType })))
      const found = await slice(
        session,
        {
          rows: matching.selectAll(),
          total: matching.select(total),
          from: 'organization_policy',
          sorts: NEWEST_FIRST,
          marker: id => first(session, named(domainId, id)),
        },
        page,
      )
      return { rows: found.rows.map(organizationTable.toRecord), total: found.total }
    },
    async all() {
      const query = db.selectFrom('organization_policy').selectAll().orderBy('domain_id').orderBy('id')
      return (await session.all(query)).map(organizationTable.toRecord)
    },
    async replace(policy) {
      const { id, ...fields } = organizationTable.toRow(policy)
      await session.all(db.updateTable('organization_policy').set(fields).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('organization_policy').where('id', '=', id))
    },
  }
}
