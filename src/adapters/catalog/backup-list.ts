/**
 * The listing of backups as one project sees them: its own, those shared to it, or both (semantics 5.5 and 8.6). Each
 * side is a query of its own that an index answers; together they are merged, each cut to what the page can need.
 */
import { type Compilable, type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import { GIB } from '../../contract/sizes.ts'
import type { BackupFilter, BackupSortKey } from '../../ports/catalog/backup.ts'
import type { Listing, Order, Page } from '../../ports/catalog/listing.ts'
import { first, type Session } from './session.ts'
import { beyond, count, cut, given, knownTotal, type Marker, type Sort, sortsOf, total } from './slice.ts'
import type { Tables } from './tables.ts'

/** A backup's row with the caller's own share record, if it is there by one. */
export type SeenRow = Tables['backup'] & {
  readonly member_status: string | null
  readonly member_vault_id: string | null
}

export interface BackupRequest {
  readonly projectId: string
  readonly filter: BackupFilter
  readonly order: readonly Order<BackupSortKey>[]
  readonly page: Page
}

interface Cut {
  readonly sorts: readonly Sort[]
  readonly after: Marker | undefined
  readonly limit: number
  readonly offset: number
}

interface Side {
  readonly rows: (cut: Cut) => Expression<SeenRow> & Compilable<SeenRow>
  readonly total: Compilable<{ readonly total: number }>
}

export async function listBackups(session: Session, request: BackupRequest): Promise<Listing<SeenRow>> {
  const { filter, order, page } = request
  const sides = [
    ...(filter.ownType === 'shared' ? [] : [own(session, request)]),
    ...(filter.ownType === 'private' ? [] : [shared(session, request)]),
  ]
  const counted = async () => {
    let sum = 0
    for (const side of sides) sum += await count(session, side.total)
    return sum
  }
  const after = page.after === undefined ? undefined : await markerOf(session, request, page.after)
  if (page.after !== undefined && !after) return { rows: [], total: await counted() }
  const rows = await session.all(merge(session, sides, { ...page, sorts: sortsOf(order), after }))
  return { rows, total: after ? await counted() : await knownTotal(page, rows, counted) }
}

function merge(session: Session, sides: readonly Side[], cutting: Cut): Compilable<SeenRow> {
  const [one, other] = sides
  if (one && !other) return one.rows(cutting)
  const { sorts, limit, offset } = cutting
  const parts = sides.map(
    side => sql`select * from ${side.rows({ ...cutting, limit: limit + offset, offset: 0 })} as s`,
  )
  const merged = sql<SeenRow>`select * from (${sql.join(parts, sql` union all `)}) as b ${cut(sorts, 'b', limit, offset)}`
  return { compile: () => merged.compile(session.db) }
}

function own(session: Session, { projectId, filter }: BackupRequest): Side {
  const matching = session.db
    .selectFrom('backup as b')
    .where('b.project_id', '=', projectId)
    .where(conditions(session, filter, 'b.vault_id'))
  return {
    rows: ({ sorts, after, limit, offset }) =>
      matching
        .selectAll('b')
        .select([sql<string | null>`cast(null as text)`.as('member_status')])
        .select([sql<string | null>`cast(null as text)`.as('member_vault_id')])
        .$if(after !== undefined, query => query.where(beyond(sorts, 'b', after ?? {})))
        .modifyEnd(cut(sorts, 'b', limit, offset)),
    total: matching.select(total),
  }
}

function shared(session: Session, { projectId, filter }: BackupRequest): Side {
  const matching = session.db
    .selectFrom('member as m')
    .innerJoin('backup as b', 'm.backup_id', filter.parentId === undefined ? 'b.id' : 'b.parent_id')
    .where('m.dest_project_id', '=', projectId)
    .where('m.status', ...memberStatus(filter))
    .where(conditions(session, filter, 'm.vault_id'))
  return {
    rows: ({ sorts, after, limit, offset }) =>
      matching
        .selectAll('b')
        .select('m.status as member_status')
        .select('m.vault_id as member_vault_id')
        .$if(after !== undefined, query => query.where(beyond(sorts, 'b', after ?? {})))
        .modifyEnd(cut(sorts, 'b', limit, offset)),
    total: matching.select(total),
  }
}

const memberStatus = ({ memberStatus }: BackupFilter): ['=' | '<>', string] =>
  memberStatus === undefined ? ['<>', 'rejected'] : ['=', memberStatus]

/** What is asked of the backup itself; `vault` is the column of the vault it lies in for who asks. */
function conditions(session: Session, filter: BackupFilter, vault: 'b.vault_id' | 'm.vault_id'): Expression<SqlBool> {
  const e = expressionBuilder<Tables & { readonly b: Tables['backup'] }, 'b'>()
  const { ids, statuses, createdFrom, createdTo, keptByCount, usedPercent } = filter
  const asked: (Expression<SqlBool> | false)[] = [
    e.and(
      given({
        'b.checkpoint_id': filter.checkpointId,
        'b.resource_id': filter.resourceId,
        'b.resource_name': filter.resourceName,
        'b.resource_type': filter.resourceType,
        'b.resource_az': filter.resourceAz,
        'b.image_type': filter.imageType,
        'b.name': filter.name,
        'b.enterprise_project_id': filter.enterpriseProjectId,
        'b.incremental': filter.incremental === undefined ? undefined : Number(filter.incremental),
      }),
    ),
    filter.parentId === undefined ? e('b.parent_id', 'is', null) : e('b.parent_id', '=', filter.parentId),
    ids !== undefined && session.among('b.id', ids),
    statuses !== undefined && session.among('b.status', statuses),
    filter.vaultId !== undefined && sql<SqlBool>`${sql.ref(vault)} = ${filter.vaultId}`,
    createdFrom !== undefined && e('b.created_at', '>=', createdFrom.getTime()),
    createdTo !== undefined && e('b.created_at', '<=', createdTo.getTime()),
    keptByCount !== undefined && e('b.auto_trigger', '=', 1),
    keptByCount !== undefined && e('b.expired_at', keptByCount ? 'is' : 'is not', null),
    usedPercent !== undefined && vaultUsed(vault, usedPercent),
  ]
  return e.and(asked.filter(condition => condition !== false))
}

const vaultUsed = (vault: string, percent: number): RawBuilder<SqlBool> =>
  sql<SqlBool>`exists (select 1 from vault as v
    where v.id = ${sql.ref(vault)} and v.used_bytes * 100 >= v.size_gb * ${percent * GIB})`

/** The row a marker names, if the project may see that backup on one of the sides asked for. */
async function markerOf(session: Session, request: BackupRequest, id: string): Promise<Marker | undefined> {
  const { db } = session
  const { projectId, filter } = request
  const row = await first(session, db.selectFrom('backup').selectAll().where('id', '=', id))
  if (!row) return undefined
  if (row.project_id === projectId) return filter.ownType === 'shared' ? undefined : row
  if (filter.ownType === 'private') return undefined
  const member = db
    .selectFrom('member')
    .select('id')
    .where('backup_id', '=', row.parent_id ?? row.id)
    .where('dest_project_id', '=', projectId)
  return (await first(session, member)) ? row : undefined
}
