import { sql } from 'kysely'
import type { Backups } from '../../ports/catalog/backup.ts'
import type { MemberStatus } from '../../ports/catalog/member.ts'
import { listBackups } from './backup-list.ts'
import { allIn, nearestIn, statusesIn } from './backup-place.ts'
import { backupTable } from './backup-table.ts'
import { demandWritable, first, insertAll, kept, type Session } from './session.ts'

export function backupsOf(session: Session): Backups {
  const { db, among } = session
  const named = (id: string) =>
    kept(session, 'backup', [id], () => db.selectFrom('backup').selectAll().where('id', '=', id))
  const locked = (id: string) =>
    kept(session, 'backup, locked', [id], () =>
      db
        .selectFrom('backup')
        .selectAll()
        .where('id', '=', id)
        .$if(session.locksRows, query => query.forUpdate()),
    )
  return {
    insert: backups => insertAll(session, 'backup', backupTable, backups),
    async find(id) {
      const row = await first(session, named(id))
      return row && backupTable.toRecord(row)
    },
    async lock(id) {
      demandWritable(session)
      const row = await first(session, locked(id))
      return row && backupTable.toRecord(row)
    },
    async childrenOf(parentIds) {
      const query = db
        .selectFrom('backup')
        .selectAll()
        .where(among('parent_id', parentIds))
        .orderBy('parent_id')
        .orderBy('created_at')
        .orderBy('id')
      return (await session.all(query)).map(backupTable.toRecord)
    },
    async list(projectId, filter, order, page) {
      const found = await listBackups(session, { projectId, filter, order, page })
      return {
        total: found.total,
        rows: found.rows.map(row => ({
          backup: backupTable.toRecord(row),
          ...(row.member_status && {
            member: {
              status: row.member_status as MemberStatus,
              ...(row.member_vault_id && { vaultId: row.member_vault_id }),
            },
          }),
        })),
      }
    },
    within: place => allIn(session, place),
    statuses: place => statusesIn(session, place),
    nearest: (place, look) => nearestIn(session, place, look),
    async update(ids, patch) {
      const changes = backupTable.toChanges(patch)
      if (Object.keys(changes).length > 0)
        await session.all(db.updateTable('backup').set(changes).where(among('id', ids)))
    },
    async use(id, by) {
      await session.all(
        db
          .updateTable('backup')
          .set({ uses: sql<number>`uses + ${by}` })
          .where('id', '=', id),
      )
    },
    async remove(ids) {
      await session.all(db.deleteFrom('backup').where(among('id', ids)))
    },
  }
}
