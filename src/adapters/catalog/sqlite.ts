/**
 * The catalog in one SQLite file, for one process: a writer (sqlite-writer.ts) and a reader that sees committed rows
 * only (a WAL snapshot, durable before anybody looks at it). Both are synchronous inside: a statement is done when its
 * call returns, and the work of a transaction, which awaits nothing but statements, runs to its end in one turn of the
 * event loop. (Taking a backup again, which is rare, holds up the others while the manifest of the last try is removed.)
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { Catalog, Records } from '../../ports/catalog/catalog.ts'
import { Fault } from '../../ports/fault.ts'
import { LONGEST_LOG_PAGES, type LogWriteback, logWriteback } from './log-writeback.ts'
import { migrate } from './migrate.ts'
import type { ColumnTypes } from './migrations/migration.ts'
import type { Dialect, Session } from './session.ts'
import { openConnection, type SqliteConnection } from './sqlite-connection.ts'
import { holdFile } from './sqlite-lock.ts'
import { openReader, type SqliteReader } from './sqlite-reader.ts'
import { setStatistics } from './sqlite-statistics.ts'
import { openWriter, type SqliteWriter } from './sqlite-writer.ts'
import type { Tables } from './tables.ts'
import { openTransaction, watchNesting } from './transaction.ts'
import { type WriteAheadLog, writeAheadLog } from './write-ahead-log.ts'

const sqliteColumns: ColumnTypes = { text: 'text', whole: 'integer', flag: 'integer', tableEnd: ' strict' }

/**
 * Small, since SQLite walks through the whole table of cached pages after each commit, which at 64 MiB took more than a
 * tenth of the writer's time; what falls out of the cache the system still has.
 */
const CACHE_KIB = 8_192

/** `:memory:` is a catalog of its own that leaves nothing behind; it keeps all promises but durability. */
export async function openSqliteCatalog({ file }: { readonly file: string }): Promise<Catalog> {
  if (file !== ':memory:') return openAt(file, writeAheadLog(file))
  const folder = mkdtempSync(join(tmpdir(), 'opencbr-catalog-'))
  try {
    return await openAt(join(folder, 'catalog'), forgetful)
  } finally {
    // The open connections keep the files; nobody else ever needs their names.
    rmSync(folder, { recursive: true })
  }
}

/** Of a catalog in memory. */
const forgetful: WriteAheadLog = { sync: async () => undefined, [Symbol.asyncDispose]: async () => undefined }

async function openAt(file: string, log: WriteAheadLog): Promise<Catalog> {
  await using held = new AsyncDisposableStack()
  held.use(log)
  held.use(holdFile(file))
  const dialect = sqliteDialect()
  const writing = held.use(openConnection(file, { readOnly: false }))
  configure(writing, log === forgetful ? FORGETFUL : DURABLE)
  const writeback = log === forgetful ? undefined : held.use(logWriteback(file, writing))
  const writer = openWriter({
    connection: writing,
    open: () => openTransaction({ dialect, writable: true, run: writing.run }),
    sync: log.sync,
    pause: everyEighth(() => writeback?.tend()),
  })
  await writer.change(({ session }) => migrateSqlite(session))
  if (log !== forgetful) syncFolder(dirname(file))
  const reading = held.use(openConnection(file, { readOnly: true }))
  const reader = openReader({
    connection: reading,
    open: () => openTransaction({ dialect, writable: false, run: reading.run }),
    syncing: writer.syncing,
  })
  // SQLite opens the files of the snapshot at the first look.
  await reader.read(look)
  return catalogOver({ writer, reader, writeback, held: held.move() })
}

/** Exported for tests that look at statements. */
export async function migrateSqlite(session: Session): Promise<void> {
  await migrate(session, sqliteColumns)
  await setStatistics(session)
}

/** The log is synced (write-ahead-log.ts) and written back (log-writeback.ts) beside the event loop. */
const DURABLE = ['pragma synchronous = normal', 'pragma wal_autocheckpoint = 0']
/** Asking how long the log is took 1 % of the writer's time; a few groups more do not matter to it. */
function everyEighth(tend: () => Promise<void> | undefined): () => Promise<void> | undefined {
  let groups = 0
  return () => {
    groups += 1
    return groups % 8 === 0 ? tend() : undefined
  }
}

/** In memory both would be for nothing. */
const FORGETFUL = ['pragma synchronous = off', `pragma wal_autocheckpoint = ${LONGEST_LOG_PAGES}`]

/** Throws where the file system cannot have a write-ahead log: a reader would block the writer there. */
function configure(connection: SqliteConnection, settings: readonly string[]): void {
  const [mode] = connection.query('pragma journal_mode = wal')
  if (!mode || Object.values(mode)[0] !== 'wal') {
    throw new Fault('denied', 'SQLite can keep no write-ahead log here; is this a network file system?')
  }
  connection.command('pragma foreign_keys = on')
  connection.command('pragma temp_store = memory')
  connection.command(`pragma cache_size = ${-CACHE_KIB}`)
  for (const setting of settings) connection.command(setting)
}

interface Opened {
  readonly writer: SqliteWriter
  readonly reader: SqliteReader
  readonly writeback: LogWriteback | undefined
  readonly held: AsyncDisposable
}

function catalogOver({ writer, reader, writeback, held }: Opened): Catalog {
  const nesting = watchNesting()
  let closing: Promise<void> | undefined
  const check = () => {
    nesting.check()
    if (closing) throw new Fault('unavailable', 'the catalog is closed')
  }
  const read: Catalog['read'] = async look => {
    check()
    return reader.read(records => nesting.inside(() => look(records)))
  }
  const close = async () => {
    await Promise.all([writer.idle(), reader.idle()])
    await held[Symbol.asyncDispose]()
  }
  return {
    read,
    async change(work) {
      check()
      return writer.change(({ records }) => nesting.inside(() => work(records)))
    },
    async ready() {
      await read(look)
      writeback?.check()
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** The least that asks the file something. */
const look = ({ servers }: Records) => servers.find('', '')

/** Exported for tests that look at statements. */
export function sqliteDialect(): Dialect {
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: some => new SqliteIntrospector(some),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  const among: Dialect['among'] = (column, values) =>
    sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`
  return {
    db,
    statements: new Map(),
    locksRows: false,
    // A statement that may fail when some of its rows are written makes SQLite copy every page it touches, so as to undo
    // it alone: an insert of ten rows takes 1.4 times as long as ten inserts.
    mostLooseRows: 1,
    among,
  }
}

/** SQLite syncs the files; the names of new ones are durable once their folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
