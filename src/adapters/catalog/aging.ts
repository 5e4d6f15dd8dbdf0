import { sql } from 'kysely'
import type { Aging, AgingBackup } from '../../ports/catalog/aging.ts'
import type { Session } from './session.ts'

export function agingOf(session: Session): Aging {
  const { db } = session
  const whole = () => db.selectFrom('backup').where('parent_id', 'is', null)
  return {
    async expired(now, limit, after) {
      const query = whole()
        .select(['id', 'expired_at as at'])
        .where('expired_at', 'is not', null)
        .where('expired_at', '<=', now.getTime())
        .where(sql<boolean>`(status = 'available' or (status = 'error' and auto_trigger = 0))`)
        .$if(after !== undefined, some => some.where(behind('expired_at', after)))
        .orderBy('expired_at')
        .orderBy('id')
        .limit(limit)
      return (await session.all(query)).map(asAging)
    },
    async failed(before, limit, after) {
      const query = whole()
        .select(['id', 'created_at as at'])
        // Written out, not as parameters: the partial index is made of these words.
        .where(sql<boolean>`status = 'error' and auto_trigger = 1`)
        .where('created_at', '<', before.getTime())
        .$if(after !== undefined, some => some.where(behind('created_at', after)))
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
      return (await session.all(query)).map(asAging)
    },
  }
}

const behind = (column: 'expired_at' | 'created_at', after: AgingBackup | undefined) => {
  const at = after?.at.getTime() ?? 0
  return sql<boolean>`${sql.ref(column)} >= ${at} and (${sql.ref(column)} > ${at} or id > ${after?.id ?? ''})`
}

const asAging = ({ id, at }: { readonly id: string; readonly at: number | null }): AgingBackup => ({
  id,
  at: new Date(at ?? 0),
})
