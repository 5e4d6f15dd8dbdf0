import { sql } from 'kysely'
import type { DiskRecord, DiskRecords } from '../../ports/catalog/disk.ts'
import { demandWritable, first, insertAll, type Session } from './session.ts'
import { table } from './table.ts'

const diskTable = table<DiskRecord>({
  id: 'text',
  projectId: 'text',
  name: 'text',
  description: 'text',
  sizeBytes: 'number',
  path: 'text',
  format: 'text',
  status: 'text',
  bootable: 'flag',
  serverId: 'text?',
  device: 'text?',
  availabilityZone: 'text',
  volumeType: 'text',
  createdAt: 'time',
  updatedAt: 'time',
  sourceBackupId: 'text?',
  sourceImageId: 'text?',
  managed: 'flag',
  metadata: 'json',
  failure: 'text?',
})

export function disksOf(session: Session): DiskRecords {
  const { db } = session
  const ofProject = (projectId: string) => db.selectFrom('disk').selectAll().where('project_id', '=', projectId)
  const named = (projectId: string, id: string) => ofProject(projectId).where('id', '=', id)
  return {
    insert: disk => insertAll(session, 'disk', diskTable, [disk]),
    async find(projectId, id) {
      const row = await first(session, named(projectId, id))
      return row && diskTable.toRecord(row)
    },
    async lock(projectId, id) {
      demandWritable(session)
      const row = await first(
        session,
        named(projectId, id).$if(session.locksRows, query => query.forUpdate()),
      )
      return row && diskTable.toRecord(row)
    },
    async ofProject(projectId) {
      const query = ofProject(projectId).orderBy('created_at', 'desc').orderBy('id')
      return (await session.all(query)).map(diskTable.toRecord)
    },
    async unfinished(volumeType, before) {
      const query = db
        .selectFrom('disk')
        .selectAll()
        .where('status', '=', 'creating')
        .where('volume_type', '=', volumeType)
        .where('updated_at', '<', before.getTime())
        .orderBy('updated_at')
        .orderBy('id')
        .limit(sql.lit(100))
      return (await session.all(query)).map(diskTable.toRecord)
    },
    async update(id, patch) {
      const changes = diskTable.toChanges(patch)
      if (Object.keys(changes).length > 0) await session.all(db.updateTable('disk').set(changes).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('disk').where('id', '=', id))
    },
  }
}
