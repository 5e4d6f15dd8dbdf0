/** One connection to a SQLite file: statements prepared once, errors translated at the seam. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import { Fault, type FaultKind } from '../../ports/fault.ts'

export interface SqliteConnection extends Disposable {
  /** Runs a statement to its end; its rows, none where it has none. */
  run(query: CompiledQuery): readonly object[]
  /** A statement without parameters. */
  query(text: string): readonly object[]
  /** As `query`, of no rows. */
  command(text: string): void
  readonly inTransaction: boolean
}

/** Statements kept prepared: above what the service's statements come to, below what filters could make of them. */
const MOST_STATEMENTS = 400
/** Longer texts, inserts of very many rows, are prepared for the one run: each kept would hold megabytes. */
const LONGEST_KEPT = 8_192
/** How long to wait for a lock of somebody's sqlite3 shell; no lock of our own is ever waited for. */
const BUSY_MS = 2_000

export function openConnection(
  file: string,
  { readOnly, busyMs = BUSY_MS }: { readonly readOnly: boolean; readonly busyMs?: number },
): SqliteConnection {
  const database = translated(() => new DatabaseSync(file, { readOnly, timeout: busyMs }))
  const prepared = new Map<string, StatementSync>()
  const statement = (text: string): StatementSync => {
    const known = prepared.get(text)
    if (known) return known
    const made = database.prepare(text)
    if (text.length > LONGEST_KEPT) return made
    prepared.set(text, made)
    const [oldest] = prepared.size > MOST_STATEMENTS ? prepared.keys() : []
    if (oldest !== undefined) prepared.delete(oldest)
    return made
  }
  return {
    run: ({ sql, parameters }) => translated(() => statement(sql).all(...(parameters as (string | number | null)[]))),
    query: text => translated(() => statement(text).all()),
    command: text => translated(() => void statement(text).run()),
    get inTransaction() {
      return database.isTransaction
    },
    [Symbol.dispose]: () => database.close(),
  }
}

/** By SQLite's primary result codes. What is not here (a constraint, a wrong statement) is a bug of ours and passes. */
const faults: ReadonlyMap<number, readonly [FaultKind, string]> = new Map([
  [5, ['conflict', 'the catalog is locked by another program']],
  [6, ['conflict', 'the catalog is locked by another program']],
  [8, ['denied', 'the catalog cannot be written']],
  [10, ['unreadable', 'the catalog could not be read or written']],
  [11, ['corrupt', 'the catalog is damaged']],
  [13, ['full', 'there is no space left for the catalog']],
  [14, ['denied', 'the catalog cannot be opened']],
  [23, ['denied', 'the catalog cannot be opened']],
  [26, ['corrupt', 'the file of the catalog is no SQLite database']],
])

function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translate(error)
  }
}

function translate(error: unknown): unknown {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return error
  const [kind, words] = faults.get(error.errcode & 0xff) ?? []
  return kind ? new Fault(kind, `${words}: ${error.message}`, { cause: error }) : error
}
