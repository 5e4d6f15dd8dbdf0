import type { Compilable, Kysely, RawBuilder, SqlBool } from 'kysely'
import type { Tables } from './tables.ts'

/** Where the engines' SQL differs; everything else is one text for both. */
export interface Dialect {
  /** Compiles statements and never runs one: running is the session's. */
  readonly db: Kysely<Tables>
  /** Whether rows are locked one by one (`for update`); SQLite has one writer and needs none. */
  readonly locksRows: boolean
  /** `column in (values)`, as one parameter however many there are, so that the statement's text stays the same. */
  among(column: string, values: readonly string[]): RawBuilder<SqlBool>
}

/** One transaction. */
export interface Session extends Dialect {
  readonly writable: boolean
  all<R>(query: Compilable<R>): Promise<readonly R[]>
}

export async function first<R>(session: Session, query: Compilable<R>): Promise<R | undefined> {
  const [row] = await session.all(query)
  return row
}

/** Most rows of one insert: below every engine's limit of parameters, whatever the table. */
const MOST_ROWS = 500

/** Inserts rows in the order given, in as many statements as it takes. */
export async function insertAll<Row>(
  session: Session,
  rows: readonly Row[],
  insert: (rows: readonly Row[]) => Compilable,
): Promise<void> {
  for (let from = 0; from < rows.length; from += MOST_ROWS) {
    await session.all(insert(rows.slice(from, from + MOST_ROWS)))
  }
}

/** Refuses what holds a row outside a change, where nothing is held. */
export function demandWritable(session: Session): void {
  if (!session.writable) throw new Error('a row is locked inside a read')
}
