import { sql } from 'kysely'
import type { BackupRecord, Backups } from '../../ports/catalog/backup.ts'
import type { MemberStatus } from '../../ports/catalog/member.ts'
import { listBackups } from './backup-list.ts'
import { demandWritable, first, insertAll, type Session } from './session.ts'
import { given } from './slice.ts'
import { table } from './table.ts'

export const backupTable = table<BackupRecord>({
  id: 'text',
  projectId: 'text',
  vaultId: 'text',
  checkpointId: 'text',
  parentId: 'text?',
  name: 'text',
  description: 'text',
  status: 'text',
  imageType: 'text',
  resourceId: 'text',
  resourceName: 'text',
  resourceType: 'text',
  resourceSizeBytes: 'number',
  resourceAz: 'text',
  incremental: 'flag',
  full: 'flag',
  createdAt: 'time',
  updatedAt: 'time',
  protectedAt: 'time?',
  expiredAt: 'time?',
  autoTrigger: 'flag',
  systemDisk: 'flag',
  bootable: 'flag',
  encrypted: 'flag',
  containSystemDisk: 'flag',
  enterpriseProjectId: 'text',
  storedBytes: 'number',
  fullBytes: 'number',
  digest: 'text?',
  uses: 'number',
  metadata: 'json?',
})

export function backupsOf(session: Session): Backups {
  const { db, among } = session
  const named = (id: string) => db.selectFrom('backup').selectAll().where('id', '=', id)
  return {
    insert: backups => insertAll(session, 'backup', backups.map(backupTable.toRow)),
    async find(id) {
      const row = await first(session, named(id))
      return row && backupTable.toRecord(row)
    },
    async lock(id) {
      demandWritable(session)
      const row = await first(
        session,
        named(id).$if(session.locksRows, query => query.forUpdate()),
      )
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
    async within({ projectId, vaultId, resourceId, checkpointId }) {
      const place = given({ vault_id: vaultId, resource_id: resourceId, checkpoint_id: checkpointId })
      const query = db
        .selectFrom('backup')
        .selectAll()
        .where('project_id', '=', projectId)
        .where(e => e.and(place))
        .orderBy('created_at')
        .orderBy('id')
      return (await session.all(query)).map(backupTable.toRecord)
    },
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
