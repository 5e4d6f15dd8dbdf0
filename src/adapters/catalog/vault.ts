import { sql } from 'kysely'
import type { VaultRecord, VaultStatus, Vaults } from '../../ports/catalog/vault.ts'
import { demandWritable, first, insertAll, kept, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { table } from './table.ts'

const vaultTable = table<VaultRecord>({
  id: 'text',
  projectId: 'text',
  name: 'text',
  description: 'text',
  userId: 'text',
  createdAt: 'time',
  updatedAt: 'time',
  status: 'text',
  objectType: 'text',
  protectType: 'text',
  consistentLevel: 'text',
  cloudType: 'text',
  chargingMode: 'text',
  sizeGb: 'number',
  usedBytes: 'number',
  isMultiAz: 'flag',
  autoBind: 'flag',
  autoExpand: 'flag',
  smnNotify: 'flag',
  threshold: 'number',
  locked: 'flag',
  demandBilling: 'flag',
  enterpriseProjectId: 'text',
  bindTags: 'json',
  backupNamePrefix: 'text?',
  availabilityZone: 'text?',
  sysLockSourceService: 'text?',
  orderId: 'text?',
})

export function vaultsOf(session: Session): Vaults {
  const { db } = session
  const named = (projectId: string, id: string) =>
    db.selectFrom('vault').selectAll().where('id', '=', id).where('project_id', '=', projectId)
  return {
    insert: vault => insertAll(session, 'vault', vaultTable, [vault]),
    async find(projectId, id) {
      const row = await first(
        session,
        kept(session, 'vault', [id, projectId], () => named(projectId, id)),
      )
      return row && vaultTable.toRecord(row)
    },
    async statusOf(projectId, id) {
      const query = kept(session, 'status of a vault', [id, projectId], () =>
        db.selectFrom('vault').select('status').where('id', '=', id).where('project_id', '=', projectId),
      )
      return (await first(session, query))?.status as VaultStatus | undefined
    },
    async lock(projectId, id) {
      demandWritable(session)
      const row = await first(
        session,
        named(projectId, id).$if(session.locksRows, query => query.forUpdate()),
      )
      return row && vaultTable.toRecord(row)
    },
    list: (projectId, filter, page) => listVaults(session, projectId, filter, page),
    async update(id, patch) {
      const changes = vaultTable.toChanges(patch)
      if (Object.keys(changes).length > 0) await session.all(db.updateTable('vault').set(changes).where('id', '=', id))
    },
    async charge(id, bytes) {
      const used = sql<number>`case when used_bytes + ${bytes} < 0 then 0 else used_bytes + ${bytes} end`
      await session.all(db.updateTable('vault').set({ used_bytes: used }).where('id', '=', id))
    },
    async remove(id) {
      await session.all(
        db
          .deleteFrom('checkpoint')
          .where('vault_id', '=', id)
          .where(e =>
            e.not(e.exists(e.selectFrom('backup').select('backup.id').whereRef('checkpoint_id', '=', 'checkpoint.id'))),
          ),
      )
      await session.all(db.deleteFrom('vault').where('id', '=', id))
    },
  }
}

const listVaults = async (
  session: Session,
  projectId: string,
  filter: Parameters<Vaults['list']>[1],
  page: Parameters<Vaults['list']>[2],
): ReturnType<Vaults['list']> => {
  const { db } = session
  const { ids, resourceIds, policyId } = filter
  const matching = db
    .selectFrom('vault')
    .where('vault.project_id', '=', projectId)
    .where(e =>
      e.and(
        given({
          'vault.name': filter.name,
          'vault.object_type': filter.objectType,
          'vault.protect_type': filter.protectType,
          'vault.cloud_type': filter.cloudType,
          'vault.status': filter.status,
          'vault.enterprise_project_id': filter.enterpriseProjectId,
          'vault.availability_zone': filter.availabilityZone,
        }),
      ),
    )
    .$if(ids !== undefined, query => query.where(session.among('vault.id', ids ?? [])))
    .$if(resourceIds !== undefined, query =>
      query.where(e =>
        e.exists(
          e
            .selectFrom('resource')
            .select('resource.id')
            .whereRef('resource.vault_id', '=', 'vault.id')
            .where(session.among('resource.id', resourceIds ?? [])),
        ),
      ),
    )
    .$if(policyId !== undefined, query =>
      query.where(e =>
        e.exists(
          e
            .selectFrom('applied_policy')
            .select('applied_policy.policy_id')
            .whereRef('applied_policy.vault_id', '=', 'vault.id')
            .where('applied_policy.policy_id', '=', policyId ?? ''),
        ),
      ),
    )
  const found = await slice(
    session,
    {
      rows: matching.selectAll(),
      total: matching.select(total),
      from: 'vault',
      sorts: NEWEST_FIRST,
      marker: id =>
        first(session, db.selectFrom('vault').selectAll().where('id', '=', id).where('project_id', '=', projectId)),
    },
    page,
  )
  return { rows: found.rows.map(vaultTable.toRecord), total: found.total }
}
