import { isDeepStrictEqual } from 'node:util'
import { type Compilable, type CompiledQuery, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Table, Value } from './table.ts'
import type { Tables } from './tables.ts'

/** Where the engines' SQL differs; everything else is one text for both. */
export interface Dialect {
  /** Compiles statements and never runs one: running is the session's. */
  readonly db: Kysely<Tables>
  /** Whether rows are locked one by one (`for update`); SQLite has one writer and needs none. */
  readonly locksRows: boolean
  /** Most rows of an insert whose rows do not need each other. */
  readonly mostLooseRows: number
  /** What `kept` and inserts have compiled before. */
  readonly statements: Map<string, CompiledQuery>
  /** `column in (values)`, as one parameter however many there are, so that the statement's text stays the same. */
  among(column: string, values: readonly string[]): RawBuilder<SqlBool>
}

/** One transaction. */
export interface Session extends Dialect {
  readonly writable: boolean
  all<R>(query: Compilable<R>): Promise<readonly R[]>
  /** Runs a statement that answers nothing once with each set of parameters. */
  each(query: CompiledQuery, sets: readonly (readonly Value[])[]): Promise<void>
}

/** `limit 1`, written out: SQLite prepares a statement anew whenever its limit is bound, which takes longer than running it. */
export const ONE = sql.lit(1)

export async function first<R>(session: Session, query: Compilable<R>): Promise<R | undefined> {
  const [row] = await session.all(query)
  return row
}

/**
 * A statement of the busiest calls, built and compiled the first time only: that takes longer than running it. `name` is
 * its own, `parameters` are all its parameters, in the order of their places; `build` must lead to the same text always.
 */
export function kept<R>(
  { statements }: Session,
  name: string,
  parameters: readonly string[],
  build: () => Compilable<R>,
): Compilable<R> {
  const known = statements.get(name)
  if (known) return { compile: () => ({ ...known, parameters }) }
  const query = build().compile()
  if (!isDeepStrictEqual(query.parameters, parameters)) throw new Error(`${name} has other parameters`)
  statements.set(name, query)
  return { compile: () => query }
}

/** Most rows of one insert: below every engine's limit of parameters, whatever the table. */
export const MOST_ROWS = 500
/** Up to here the text for each number of rows is kept: building it takes longer than running it. */
const MOST_KEPT = 16

type Insertable = Exclude<keyof Tables, 'migration'>

/** Inserts records in the order given, in as many statements as it takes. */
export async function insertAll<T extends Insertable, R>(
  session: Session,
  into: T,
  table: Pick<Table<R>, 'columns' | 'toValues'> & { toRow(record: R): Tables[T] },
  records: readonly R[],
  most = MOST_ROWS,
): Promise<void> {
  demandWritable(session)
  const insert = async (some: readonly R[], rows: number) => {
    if (some.length === 0) return
    const sets = rows === 1 ? some.map(table.toValues) : inSets(some, rows).map(set => set.flatMap(table.toValues))
    await session.each(insertOf(session, into, table.columns, rows), sets)
  }
  const last = records.length % most
  await insert(records.slice(0, records.length - last), most)
  await insert(records.slice(records.length - last), last)
}

const inSets = <R>(records: readonly R[], size: number): readonly (readonly R[])[] =>
  Array.from({ length: records.length / size }, (_, at) => records.slice(at * size, (at + 1) * size))

/** The statement alone: its parameters are the values of so many rows, one row after the other. */
function insertOf(
  { db, statements }: Session,
  into: Insertable,
  columns: readonly string[],
  rows: number,
): CompiledQuery {
  const key = `insert ${rows} into ${into}`
  const known = statements.get(key)
  if (known) return known
  const row = sql`(${sql.join(columns.map(() => sql`${null}`))})`
  const values = Array.from({ length: rows }, () => row)
  const names = sql.join(columns.map(column => sql.ref(column)))
  const query = sql`insert into ${sql.table(into)} (${names}) values ${sql.join(values)}`.compile(db)
  if (rows <= MOST_KEPT) statements.set(key, query)
  return query
}

/** Nothing is written or held outside a change. */
export function demandWritable(session: Session): void {
  if (!session.writable) throw new Error('a write or a lock inside a read')
}
