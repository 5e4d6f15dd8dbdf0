/**
 * The catalog in PostgreSQL, for any number of processes. A change is a serializable transaction and is tried again when
 * it lost a race; a read is a repeatable-read snapshot. Rows are locked where the port says `lock`: that makes rivals
 * wait for each other instead of failing at their commits.
 */
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import { Pool, types } from 'pg'
import type { Catalog, Records } from '../../ports/catalog/catalog.ts'
import { Fault } from '../../ports/fault.ts'
import { migrate } from './migrate.ts'
import type { ColumnTypes } from './migrations/migration.ts'
import { translate } from './postgres-faults.ts'
import { type Mode, type Runner, transactionsOver } from './postgres-transaction.ts'
import { type Dialect, first, MOST_ROWS } from './session.ts'
import type { Tables } from './tables.ts'
import { watchNesting } from './transaction.ts'

const columnTypes: ColumnTypes = { text: 'text collate "C"', whole: 'bigint', flag: 'smallint', tableEnd: '' }

/** Any number, the same in all versions: who holds this advisory lock migrates. */
const MIGRATION_LOCK = 6_703_671_067

export interface PostgresOptions {
  /** A connection string of the `pg` package; `?options=-c%20search_path=NAME` puts the catalog into a schema. */
  readonly url: string
  /** Connections this process keeps at most. */
  readonly connections?: number
}

export async function openPostgresCatalog({ url, connections = 10 }: PostgresOptions): Promise<Catalog> {
  const pool = openPool(url, connections)
  const dialect = postgresDialect()
  const run = transactionsOver(pool, dialect)
  try {
    await checkDurable(run)
    await run({ begin: 'begin isolation level read committed', writable: true }, async ({ session }) => {
      await first(session, {
        compile: () => sql`select pg_advisory_xact_lock(${MIGRATION_LOCK}::bigint)`.compile(dialect.db),
      })
      await migrate(session, columnTypes)
    })
  } catch (error) {
    await pool.end()
    throw translate(error)
  }
  return catalogOver(pool, run)
}

function catalogOver(pool: Pool, run: Runner): Catalog {
  const nesting = watchNesting()
  let closing: Promise<void> | undefined
  const check = () => {
    nesting.check()
    if (closing) throw new Fault('unavailable', 'the catalog is closed')
  }
  const read = { begin: 'begin isolation level repeatable read read only', writable: false }
  const change = { begin: 'begin isolation level serializable', writable: true }
  const running = new Set<Promise<unknown>>()
  const over =
    (mode: Mode) =>
    async <T>(work: (records: Records) => Promise<T>): Promise<T> => {
      check()
      const transaction = run(mode, ({ records }) => nesting.inside(() => work(records)))
      running.add(transaction)
      try {
        return await transaction
      } finally {
        running.delete(transaction)
      }
    }
  const close = async () => {
    // The pool would leave who still waits for a connection waiting.
    await Promise.allSettled(running)
    await pool.end()
  }
  return {
    change: over(change),
    read: over(read),
    async ready() {
      await over(read)(({ servers }) => servers.find('', ''))
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** Refuses a server (or role, or database) where a commit is answered before it is on disk. */
async function checkDurable(run: Runner): Promise<void> {
  await run({ begin: 'begin read only', writable: false }, async ({ session }) => {
    const setting = sql<{ readonly value: string }>`select current_setting('synchronous_commit') as value`
    const row = await first(session, { compile: () => setting.compile(session.db) })
    if (row?.value !== 'off') return
    throw new Fault('denied', 'PostgreSQL runs with synchronous_commit = off: what is acknowledged could be lost')
  })
}

function openPool(connectionString: string, max: number): Pool {
  const pool = new Pool({
    connectionString,
    max,
    application_name: 'opencbr',
    // For a new connection, and for a free one of those there are.
    connectionTimeoutMillis: 15_000,
    query_timeout: 60_000,
    keepAlive: true,
    // 20 is int8: bytes, times and counts, all below 2^53.
    types: { getTypeParser: (oid, format) => (oid === 20 ? Number : types.getTypeParser(oid, format)) },
  })
  // A connection that breaks leaves the pool, or fails the next statement of its transaction; without listeners the news
  // would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

function postgresDialect(): Dialect {
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: some => new PostgresIntrospector(some),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  return {
    db,
    statements: new Map(),
    locksRows: true,
    mostLooseRows: MOST_ROWS,
    among: (column, values) => sql`${sql.ref(column)} = any(${values})`,
  }
}
