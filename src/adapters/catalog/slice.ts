/** Slices of listings: order with the id as tie-break, limit and offset, and what lies behind a marker. */
import { type Compilable, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Listing, Order, Page } from '../../ports/catalog/listing.ts'
import type { Session } from './session.ts'

/** A column by which rows are ordered; absent values of a nullable one (times only) come before all others. */
export interface Sort extends Order<string> {
  readonly nullable: boolean
}

const NULLABLE: ReadonlySet<string> = new Set(['protected_at', 'updated_at'])

/** Appends the tie-break to what was asked for. */
export const sortsOf = (orders: readonly Order<string>[]): readonly Sort[] =>
  [...orders, { key: 'id', descending: false }].map(order => ({ ...order, nullable: NULLABLE.has(order.key) }))

export const NEWEST_FIRST = sortsOf([{ key: 'created_at', descending: true }])

const expression = ({ key, nullable }: Sort, from: string): RawBuilder<unknown> => {
  const column = sql.ref(`${from}.${key}`)
  return nullable ? sql`coalesce(${column}, -1)` : sql`${column}`
}

/** `order by ... limit ... offset ...` over the table or alias `from`. */
export function cut(sorts: readonly Sort[], from: string, limit: number, offset: number): RawBuilder<unknown> {
  const keys = sorts.map(sort => sql`${expression(sort, from)} ${sql.raw(sort.descending ? 'desc' : 'asc')}`)
  // A bound limit would have SQLite prepare the statement anew at every run (session.ts, ONE).
  return sql`order by ${sql.join(keys)} limit ${sql.lit(limit)} offset ${offset}`
}

export type Marker = object

/** True for the rows that come after the marker's row. The first part alone lets an index seek. */
export function beyond(sorts: readonly Sort[], from: string, marker: Marker): RawBuilder<SqlBool> {
  const terms = sorts.map(sort => ({
    column: expression(sort, from),
    past: sql.raw(sort.descending ? '<' : '>'),
    value: (marker as Readonly<Record<string, unknown>>)[sort.key] ?? -1,
  }))
  const paths = terms.map(({ column, past, value }, at) =>
    sql.join(
      [...terms.slice(0, at).map(t => sql`${t.column} = ${t.value}`), sql`${column} ${past} ${value}`],
      sql` and `,
    ),
  )
  const bounds = terms.slice(0, 1).map(({ column, past, value }) => sql`${column} ${past}= ${value}`)
  return sql`${sql.join(bounds)} and (${sql.join(
    paths.map(path => sql`(${path})`),
    sql` or `,
  )})`
}

export interface Slicing<DB, TB extends keyof DB, R> {
  /** All that match, unordered. */
  readonly rows: SelectQueryBuilder<DB, TB, R>
  readonly total: Compilable<{ readonly total: number }>
  /** The table or alias that has the sorted columns. */
  readonly from: string
  readonly sorts: readonly Sort[]
  /** The row an id names within the listing's scope. */
  readonly marker: (id: string) => Promise<Marker | undefined>
}

/** One page and the total; the total is counted only where the page does not tell it. */
export async function slice<DB, TB extends keyof DB, R>(
  session: Session,
  { rows, total, from, sorts, marker }: Slicing<DB, TB, R>,
  page: Page,
): Promise<Listing<R>> {
  const counted = () => count(session, total)
  const after = page.after === undefined ? undefined : await marker(page.after)
  if (page.after !== undefined && !after) return { rows: [], total: await counted() }
  const rest = after ? rows.where(beyond(sorts, from, after)) : rows
  const found = await session.all(rest.modifyEnd(cut(sorts, from, page.limit, page.offset)))
  return { rows: found, total: after ? await counted() : await knownTotal(page, found, counted) }
}

/** A page from the start that is neither full nor beyond the end says how many there are. */
export function knownTotal(page: Page, found: readonly unknown[], counted: () => Promise<number>): Promise<number> {
  const ends = found.length < page.limit && (found.length > 0 || page.offset === 0)
  return ends ? Promise.resolve(page.offset + found.length) : counted()
}

export async function count(session: Session, query: Compilable<{ readonly total: number }>): Promise<number> {
  const [row] = await session.all(query)
  return row?.total ?? 0
}

/** The fields that have a value: what a filter really asks. */
export function given<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** `count(*)`, by the name the callers read. */
export const total = sql<number>`count(*)`.as('total')
