import type { ImageRecord, Images } from '../../ports/catalog/image.ts'
import { first, insertAll, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { table } from './table.ts'

const imageTable = table<ImageRecord>({
  id: 'text',
  projectId: 'text',
  backupId: 'text',
  name: 'text',
  description: 'text',
  status: 'text',
  jobId: 'text',
  createdAt: 'time',
  updatedAt: 'time',
  minDiskGb: 'number',
  sizeBytes: 'number',
  failure: 'text?',
  tags: 'json',
})

export function imagesOf(session: Session): Images {
  const { db, among } = session
  const ofProject = (projectId: string) => db.selectFrom('image').where('project_id', '=', projectId)
  const named = (projectId: string, id: string) => ofProject(projectId).selectAll().where('id', '=', id)
  return {
    insert: image => insertAll(session, 'image', imageTable, [image]),
    async find(projectId, id) {
      const row = await first(session, named(projectId, id))
      return row && imageTable.toRecord(row)
    },
    async findByJob(projectId, jobId) {
      const row = await first(session, ofProject(projectId).selectAll().where('job_id', '=', jobId))
      return row && imageTable.toRecord(row)
    },
    async ofBackups(backupIds) {
      const query = db
        .selectFrom('image')
        .selectAll()
        .where(among('backup_id', backupIds))
        .orderBy('backup_id')
        .orderBy('created_at')
        .orderBy('id')
      return (await session.all(query)).map(imageTable.toRecord)
    },
    async list(projectId, filter, page) {
      const matching = ofProject(projectId).where(e => e.and(given({ name: filter.name, status: filter.status })))
      const marker = (id: string) => first(session, named(projectId, id))
      const found = await slice(
        session,
        { rows: matching.selectAll(), total: matching.select(total), from: 'image', sorts: NEWEST_FIRST, marker },
        page,
      )
      return { rows: found.rows.map(imageTable.toRecord), total: found.total }
    },
    async update(id, patch) {
      const changes = imageTable.toChanges(patch)
      if (Object.keys(changes).length > 0) await session.all(db.updateTable('image').set(changes).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('image').where('id', '=', id))
    },
  }
}
