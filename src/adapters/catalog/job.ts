import { sql } from 'kysely'
import type { JobRecord, Jobs } from '../../ports/catalog/job.ts'
import { first, insertAll, ONE, type Session } from './session.ts'
import { table } from './table.ts'

const jobTable = table<JobRecord>({
  id: 'text',
  kind: 'text',
  projectId: 'text',
  payload: 'json',
  operationLogId: 'text?',
  createdAt: 'time',
  runAfter: 'time',
  attempts: 'number',
  claimedBy: 'text?',
  claimedUntil: 'time?',
})

export function jobsOf(session: Session): Jobs {
  const { db, among } = session
  const held = (id: string, worker: string) =>
    db.updateTable('job').where('id', '=', id).where('claimed_by', '=', worker)
  return {
    insert: jobs => insertAll(session, 'job', jobTable, jobs),
    ensure: job => ensureJob(session, job),
    async claim(worker, kinds, now, until) {
      const due = db
        .selectFrom('job')
        .select('id')
        .where(among('kind', kinds))
        .where('run_after', '<=', now.getTime())
        .where(e => e.or([e('claimed_until', 'is', null), e('claimed_until', '<=', now.getTime())]))
        .orderBy('created_at')
        .orderBy('id')
        .limit(ONE)
        .$if(session.locksRows, query => query.forUpdate().skipLocked())
      const query = db
        .updateTable('job')
        .set({ claimed_by: worker, claimed_until: until.getTime(), attempts: sql<number>`attempts + 1` })
        .where('id', '=', due)
        .returningAll()
      const row = await first(session, query)
      return row && jobTable.toRecord(row)
    },
    async renew(id, worker, until) {
      const query = held(id, worker).set({ claimed_until: until.getTime() }).returning('id')
      return (await first(session, query)) !== undefined
    },
    async holds(id, worker) {
      const query = db.selectFrom('job').select('id').where('id', '=', id).where('claimed_by', '=', worker)
      return (await first(session, query)) !== undefined
    },
    async keep(id, worker, payload) {
      const { payload: text } = jobTable.toChanges({ payload })
      const query = held(id, worker).set({ payload: text }).returning('id')
      return (await first(session, query)) !== undefined
    },
    async postpone(id, runAfter) {
      const waiting = db.updateTable('job').where('id', '=', id).where('claimed_by', 'is', null)
      await session.all(waiting.set({ run_after: runAfter.getTime() }))
    },
    async release(id, worker, runAfter) {
      await session.all(held(id, worker).set({ claimed_by: null, claimed_until: null, run_after: runAfter.getTime() }))
    },
    async finish(id) {
      await session.all(db.deleteFrom('job').where('id', '=', id))
    },
    async dropClaims(workerPrefix) {
      const query = db
        .updateTable('job')
        .set({ claimed_by: null, claimed_until: null })
        .where(sql`substr(claimed_by, 1, ${[...workerPrefix].length})`, '=', workerPrefix)
        .returning('id')
      return (await session.all(query)).length
    },
    async open(projectId, kinds) {
      const query = db
        .selectFrom('job')
        .selectAll()
        .$if(projectId !== undefined, some => some.where('project_id', '=', projectId ?? ''))
        .$if(kinds !== undefined, some => some.where(among('kind', kinds ?? [])))
        .orderBy('created_at')
        .orderBy('id')
      return (await session.all(query)).map(jobTable.toRecord)
    },
  }
}

async function ensureJob(session: Session, job: JobRecord): Promise<void> {
  const { db } = session
  const known = db.selectFrom('job').select('id').where('id', '=', job.id)
  if (await first(session, known)) return
  const query = db.insertInto('job').values(jobTable.toRow(job))
  // Where a rival has inserted it and this transaction cannot see that, PostgreSQL has it run again.
  await session.all(query.onConflict(conflict => conflict.column('id').doNothing()))
}
