import { sql } from 'kysely'
import type { Deliveries, DeliveryRecord } from '../../ports/catalog/delivery.ts'
import { first, insertAll, ONE, type Session } from './session.ts'
import { given, NEWEST_FIRST, slice, total } from './slice.ts'
import { table } from './table.ts'

const deliveryTable = table<DeliveryRecord>({
  id: 'text',
  webhookId: 'text',
  eventId: 'text',
  type: 'text',
  body: 'text',
  status: 'text',
  createdAt: 'time',
  attempts: 'number',
  triedAt: 'time?',
  answer: 'number?',
  problem: 'text?',
  endedAt: 'time?',
})

/** Written out, so that the index of those that wait is used. */
const WAITING = sql.lit('waiting')

export function deliveriesOf(session: Session): Deliveries {
  const { db } = session
  const of = (webhookId: string) => db.selectFrom('delivery').where('webhook_id', '=', webhookId)
  return {
    insert: deliveries => insertAll(session, 'delivery', deliveryTable, deliveries),
    async list(webhookId, filter, page) {
      const matching = of(webhookId).where(e => e.and(given({ status: filter.status })))
      const found = await slice(
        session,
        {
          rows: matching.selectAll(),
          total: matching.select(total),
          from: 'delivery',
          sorts: NEWEST_FIRST,
          marker: id => first(session, of(webhookId).selectAll().where('id', '=', id)),
        },
        page,
      )
      return { rows: found.rows.map(deliveryTable.toRecord), total: found.total }
    },
    async next(webhookId) {
      const query = of(webhookId)
        .selectAll()
        .where('status', '=', WAITING)
        .orderBy('created_at')
        .orderBy('id')
        .limit(ONE)
      const row = await first(session, query)
      return row && deliveryTable.toRecord(row)
    },
    async update(id, patch) {
      await session.all(db.updateTable('delivery').set(deliveryTable.toChanges(patch)).where('id', '=', id))
    },
    async giveUp(webhookId, ended, before) {
      const query = db
        .updateTable('delivery')
        .set(deliveryTable.toChanges({ ...ended, status: 'failed' }))
        .where('webhook_id', '=', webhookId)
        .where('status', '=', WAITING)
        .$if(before !== undefined, some => some.where('created_at', '<', Number(before)))
      await session.all(query)
    },
    async removeEndedBefore(at) {
      const query = db.deleteFrom('delivery').where('ended_at', '<', at.getTime()).returning('id')
      return (await session.all(query)).length
    },
  }
}
