import { CompiledQuery } from 'kysely'
import type { WebhookRecord, Webhooks } from '../../ports/catalog/webhook.ts'
import { first, insertAll, type Session } from './session.ts'
import { table } from './table.ts'

const webhookTable = table<WebhookRecord>({
  id: 'text',
  projectId: 'text',
  userId: 'text',
  name: 'text',
  url: 'text',
  events: 'json',
  secrets: 'json',
  createdAt: 'time',
})

const ANY = CompiledQuery.raw('select 1 as one from webhook limit 1')

export function webhooksOf(session: Session): Webhooks {
  const { db, among } = session
  return {
    insert: webhook => insertAll(session, 'webhook', webhookTable, [webhook]),
    async find(projectId, id) {
      const query = db.selectFrom('webhook').selectAll().where('id', '=', id).where('project_id', '=', projectId)
      const row = await first(session, query)
      return row && webhookTable.toRecord(row)
    },
    async any() {
      return (await session.all({ compile: () => ANY })).length > 0
    },
    async of(projectIds) {
      const query = db.selectFrom('webhook').selectAll().where(among('project_id', projectIds))
      return (await session.all(query.orderBy('created_at').orderBy('id'))).map(webhookTable.toRecord)
    },
    async replaceSecrets(id, secrets) {
      await session.all(db.updateTable('webhook').set(webhookTable.toChanges({ secrets })).where('id', '=', id))
    },
    async remove(id) {
      await session.all(db.deleteFrom('webhook').where('id', '=', id))
    },
  }
}
