/**
 * The one writer of a SQLite catalog. Changes that wait together run one after the other in one transaction, each in a
 * savepoint of its own, and share its commit, which is the expensive part (a full sync). Nobody is answered before the
 * commit, not even who is refused: the refusal may rest on rows that the commit has yet to make true.
 *
 * SQLite gives up the whole transaction on some errors (disk full, I/O); then everyone in it gets that error.
 */
import type { SqliteConnection } from './sqlite-connection.ts'
import type { Transaction } from './transaction.ts'

/** Bounds how long the first change of a group waits for the last. */
const MOST_TOGETHER = 64

export interface SqliteWriter {
  change<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>
}

interface Waiting {
  /** Runs the work; tells its caller what came of it once the group is settled. */
  readonly attempt: (transaction: Transaction) => Promise<Outcome>
  readonly fail: (error: unknown) => void
}

interface Outcome {
  readonly kept: boolean
  readonly tell: () => void
}

export function openWriter(connection: SqliteConnection, open: () => Transaction): SqliteWriter {
  const queue: Waiting[] = []
  const idlers: (() => void)[] = []
  let running = false

  // The next group starts after the event loop has looked at its sockets: what arrived meanwhile joins it.
  const next = () => setImmediate(() => void drain())
  async function drain(): Promise<void> {
    await runGroup(connection, open, queue.splice(0, MOST_TOGETHER))
    running = queue.length > 0
    if (running) next()
    else for (const idler of idlers.splice(0)) idler()
  }
  return {
    change: work =>
      new Promise((resolve, reject) => {
        queue.push({ attempt: transaction => attempt(transaction, work, resolve, reject), fail: reject })
        if (!running) next()
        running = true
      }),
    idle: () => new Promise(resolve => (running ? idlers.push(resolve) : resolve())),
  }
}

async function attempt<T>(
  transaction: Transaction,
  work: (transaction: Transaction) => Promise<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Promise<Outcome> {
  try {
    const value = await work(transaction)
    if (transaction.failure === undefined) return { kept: true, tell: () => resolve(value) }
    return { kept: false, tell: () => reject(transaction.failure) }
  } catch (error) {
    return { kept: false, tell: () => reject(error) }
  } finally {
    transaction.end()
  }
}

async function runGroup(
  connection: SqliteConnection,
  open: () => Transaction,
  group: readonly Waiting[],
): Promise<void> {
  const outcomes: Outcome[] = []
  try {
    connection.command('begin immediate')
    for (const waiting of group) {
      const transaction = open()
      connection.command('savepoint change')
      const outcome = await waiting.attempt(transaction)
      if (!connection.inTransaction) throw transaction.failure
      if (!outcome.kept) connection.command('rollback to change')
      connection.command('release change')
      outcomes.push(outcome)
    }
    connection.command('commit')
  } catch (error) {
    const reason = abandoned(connection, error)
    for (const waiting of group) waiting.fail(reason)
    return
  }
  for (const outcome of outcomes) outcome.tell()
}

/** Leaves no transaction open behind a failed one; answers what its changes failed of. */
function abandoned(connection: SqliteConnection, error: unknown): unknown {
  try {
    if (connection.inTransaction) connection.command('rollback')
    return error
  } catch (second) {
    return new AggregateError([error, second], 'a change failed and could not be rolled back')
  }
}
