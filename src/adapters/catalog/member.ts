import type { MemberFilter, MemberRecord, Members } from '../../ports/catalog/member.ts'
import { first, insertAll, kept, ONE, type Session } from './session.ts'
import { given, slice, sortsOf, total } from './slice.ts'
import { table } from './table.ts'

const memberTable = table<MemberRecord>({
  id: 'text',
  backupId: 'text',
  destProjectId: 'text',
  status: 'text',
  createdAt: 'time',
  updatedAt: 'time?',
  vaultId: 'text?',
  imageId: 'text?',
  chargedBytes: 'number',
})

const columnsOf = (filter: MemberFilter) => ({
  dest_project_id: filter.destProjectId,
  image_id: filter.imageId,
  status: filter.status,
  vault_id: filter.vaultId,
})

export function membersOf(session: Session): Members {
  const { db, among } = session
  const ofBackup = (backupId: string) => db.selectFrom('member').where('backup_id', '=', backupId)
  return {
    insert: members => insertAll(session, 'member', memberTable, members, session.mostLooseRows),
    async of(backupId) {
      const query = kept(session, 'members of a backup', [backupId], () =>
        ofBackup(backupId).selectAll().orderBy('created_at').orderBy('id'),
      )
      return (await session.all(query)).map(memberTable.toRecord)
    },
    async find(backupId, member) {
      const query = ofBackup(backupId)
        .selectAll()
        .where(e => e.or([e('dest_project_id', '=', member), e('id', '=', member)]))
      const row = await first(session, query)
      return row && memberTable.toRecord(row)
    },
    async list(backupId, filter, order, page) {
      const matching = ofBackup(backupId).where(e => e.and(given(columnsOf(filter))))
      const found = await slice(
        session,
        {
          rows: matching.selectAll(),
          total: matching.select(total),
          from: 'member',
          sorts: sortsOf(order),
          marker: id => first(session, ofBackup(backupId).selectAll().where('id', '=', id)),
        },
        page,
      )
      return { rows: found.rows.map(memberTable.toRecord), total: found.total }
    },
    async inVault(vaultId) {
      const query = db
        .selectFrom('member')
        .selectAll()
        .where('vault_id', '=', vaultId)
        .orderBy('created_at')
        .orderBy('id')
      return (await session.all(query)).map(memberTable.toRecord)
    },
    async update({ backupId, id }, patch) {
      const changes = memberTable.toChanges(patch)
      if (Object.keys(changes).length === 0) return
      await session.all(db.updateTable('member').set(changes).where('backup_id', '=', backupId).where('id', '=', id))
    },
    async remove(backupId, ids) {
      await session.all(db.deleteFrom('member').where('backup_id', '=', backupId).where(among('id', ids)))
    },
    async linked(oneProjectId, otherProjectId) {
      const share = (sharer: string, recipient: string) =>
        db
          .selectFrom('member as m')
          .innerJoin('backup as b', 'b.id', 'm.backup_id')
          .select('m.id')
          .where('m.dest_project_id', '=', recipient)
          .where('b.project_id', '=', sharer)
          .limit(ONE)
      return (
        (await first(session, share(oneProjectId, otherProjectId))) !== undefined ||
        (await first(session, share(otherProjectId, oneProjectId))) !== undefined
      )
    },
  }
}
