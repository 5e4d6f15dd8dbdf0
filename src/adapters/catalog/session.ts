import { isDeepStrictEqual } from 'node:util'
import { type Compilable, type CompiledQuery, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
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
  /** As `all`, of a statement whose answer is of no type. */
  run(query: CompiledQuery): Promise<readonly object[]>
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

/** Inserts rows as a table's `toRow` made them, in the order given, in as many statements as it takes. */
export async function insertAll<T extends Insertable>(
  session: Session,
  into: T,
  rows: readonly Tables[T][],
  most = MOST_ROWS,
): Promise<void> {
  demandWritable(session)
  let statement: CompiledQuery | undefined
  let count = 0
  for (let from = 0; from < rows.length; from += most) {
    const some = rows.slice(from, from + most)
    if (statement === undefined || some.length !== count) statement = insertOf(session, into, some)
    count = some.length
    const [first = {}] = some
    const parameters: readonly unknown[] = count === 1 ? Object.values(first) : some.flatMap(row => Object.values(row))
    await session.run({ ...statement, parameters })
  }
}

/** The statement alone: its parameters are the values of such rows, one row after the other. */
function insertOf<T extends Insertable>(
  { db, statements }: Session,
  into: T,
  rows: readonly Tables[T][],
): CompiledQuery {
  const key = `insert ${rows.length} into ${into}`
  const known = statements.get(key)
  if (known) return known
  const columns = Object.keys(rows[0] ?? {}).map(column => sql.ref(column))
  const values = rows.map(row => sql`(${sql.join(Object.values(row))})`)
  const query = sql`insert into ${sql.table(into)} (${sql.join(columns)}) values ${sql.join(values)}`.compile(db)
  if (rows.length <= MOST_KEPT) statements.set(key, query)
  return query
}

/** Nothing is written or held outside a change. */
export function demandWritable(session: Session): void {
  if (!session.writable) throw new Error('a write or a lock inside a read')
}
