import { sql } from 'kysely'
import type { ResourceRecord, Resources } from '../../ports/catalog/resource.ts'
import { first, type Session } from './session.ts'
import { table } from './table.ts'

const resourceTable = table<ResourceRecord>({
  vaultId: 'text',
  projectId: 'text',
  id: 'text',
  type: 'text',
  name: 'text',
  sizeBytes: 'number',
  protectStatus: 'text',
  autoProtect: 'flag',
  excludeVolumes: 'json',
  includeVolumes: 'json',
  addedAt: 'time',
  backupBytes: 'number',
  backupCount: 'number',
  lastFullAt: 'time?',
  incrementals: 'number?',
})

const updateIn =
  ({ db, among }: Session) =>
  (vaultId: string, ids: readonly string[]) =>
    db.updateTable('resource').where('vault_id', '=', vaultId).where(among('id', ids))

export function resourcesOf(session: Session): Resources {
  const { db, among } = session
  const update = updateIn(session)
  return {
    ...countsOf(session),
    async put(resource) {
      await session.all(
        db
          .insertInto('resource')
          .values(resourceTable.toRow(resource))
          .onConflict(conflict =>
            conflict.columns(['vault_id', 'id']).doUpdateSet(e => ({
              name: e.ref('excluded.name'),
              size_bytes: e.ref('excluded.size_bytes'),
              exclude_volumes: e.ref('excluded.exclude_volumes'),
              include_volumes: e.ref('excluded.include_volumes'),
            })),
          ),
      )
    },
    async of(vaultIds) {
      const query = db
        .selectFrom('resource')
        .selectAll()
        .where(among('vault_id', vaultIds))
        .orderBy('vault_id')
        .orderBy('added_at')
        .orderBy('id')
      return (await session.all(query)).map(resourceTable.toRecord)
    },
    async find(vaultId, id) {
      const row = await first(
        session,
        db.selectFrom('resource').selectAll().where('vault_id', '=', vaultId).where('id', '=', id),
      )
      return row && resourceTable.toRecord(row)
    },
    async bound(projectId, ids) {
      const query = db
        .selectFrom('resource')
        .selectAll()
        .where('project_id', '=', projectId)
        .where(among('id', ids))
        .orderBy('id')
        .orderBy('vault_id')
      return (await session.all(query)).map(resourceTable.toRecord)
    },
    async setStatus(vaultId, ids, status) {
      await session.all(update(vaultId, ids).set({ protect_status: status }))
    },
    async setAutoProtect(vaultId, ids, autoProtect) {
      await session.all(update(vaultId, ids).set({ auto_protect: autoProtect ? 1 : 0 }))
    },
    async move(fromVaultId, ids, toVaultId) {
      await session.all(update(fromVaultId, ids).set({ vault_id: toVaultId }))
    },
    async remove(vaultId, ids) {
      await session.all(db.deleteFrom('resource').where('vault_id', '=', vaultId).where(among('id', ids)))
    },
  }
}

function countsOf(session: Session): Pick<Resources, 'tally' | 'taken'> {
  const update = updateIn(session)
  return {
    async tally(vaultId, id, bytes, backups) {
      const sum = (column: string, by: number) =>
        sql<number>`case when ${sql.ref(column)} + ${by} < 0 then 0 else ${sql.ref(column)} + ${by} end`
      await session.all(
        update(vaultId, [id]).set({
          backup_bytes: sum('backup_bytes', bytes),
          backup_count: sum('backup_count', backups),
        }),
      )
    },
    async taken(vaultId, id, fullAt) {
      const changes =
        fullAt === undefined
          ? { incrementals: sql<number>`coalesce(incrementals, 0) + 1` }
          : { incrementals: 0, last_full_at: fullAt.getTime() }
      await session.all(update(vaultId, [id]).set(changes))
    },
  }
}
