/**
 * The one writer of a SQLite catalog. Changes that wait together run one after the other in one transaction, and share
 * its commit and the sync that makes it durable, which is the expensive part. Nobody is answered before that, not even who
 * is refused: the refusal may rest on rows that have yet to become true. For the same reason the next group, and every
 * read (`syncing`), waits for the sync.
 *
 * What one of them wrote before it failed must go, and what the others wrote must stay. Savepoints would do that, but
 * SQLite copies each page that a savepoint touches: that takes two thirds as long as the ten rows of a share. Since hardly a change
 * fails after it has written (a refusal comes before), a group runs without them; where one does, all is rolled back and
 * the whole group runs again with savepoints. (Work may run more than once: ports/catalog.)
 *
 * A sync that fails leaves rows that are there and may be gone after a power cut: from then on everything fails, until
 * the catalog is opened anew. SQLite gives up the whole transaction on some errors (disk full, I/O); then everyone in it
 * gets that error.
 */
import type { SqliteConnection } from './sqlite-connection.ts'
import type { Transaction } from './transaction.ts'

/** Bounds how long the first change of a group waits for the last. */
const MOST_TOGETHER = 64

export interface SqliteWriter {
  change<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** What to wait for until all that is committed is durable; undefined when it is. It has failed once a sync has. */
  syncing(): Promise<void> | undefined
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>
}

export interface WriterParts {
  readonly connection: SqliteConnection
  readonly open: () => Transaction
  /** Makes what is committed durable. */
  readonly sync: () => Promise<void>
  /** Called between two groups; the next one waits for what it answers. */
  readonly pause: () => Promise<void> | undefined
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

export function openWriter({ connection, open, sync, pause }: WriterParts): SqliteWriter {
  const queue: Waiting[] = []
  const idlers: (() => void)[] = []
  let running = false
  let syncing: Promise<void> | undefined

  // Called in the same breath as the commit: no read comes between the two.
  const committed = () => {
    syncing = sync()
  }
  // The next group starts once the event loop has looked at its sockets and found nothing that joins it: a commit and a
  // sync for eight cost far less than eight of them.
  const next = (seen = 0) =>
    setImmediate(() => {
      if (queue.length > seen && queue.length < MOST_TOGETHER) next(queue.length)
      else void drain()
    })
  async function drain(): Promise<void> {
    const group = queue.splice(0, MOST_TOGETHER)
    try {
      await syncing // rejects once a sync has failed
      await pause()
      const outcomes = await runGroup({ connection, open, committed }, group)
      await syncing
      syncing = undefined
      for (const outcome of outcomes) outcome.tell()
    } catch (error) {
      for (const waiting of group) waiting.fail(error)
    }
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
    syncing: () => syncing,
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
  { connection, open, committed }: Pick<WriterParts, 'connection' | 'open'> & { readonly committed: () => void },
  group: readonly Waiting[],
): Promise<readonly Outcome[]> {
  try {
    const outcomes = (await runTogether({ connection, open }, group)) ?? (await runApart({ connection, open }, group))
    connection.command('commit')
    committed()
    return outcomes
  } catch (error) {
    throw abandoned(connection, error)
  }
}

type Ground = Pick<WriterParts, 'connection' | 'open'>

/** Begins a transaction and runs all in it; if one of them leaves something to undo, undoes everything: undefined. */
async function runTogether({ connection, open }: Ground, group: readonly Waiting[]): Promise<Outcome[] | undefined> {
  connection.command('begin immediate')
  const outcomes: Outcome[] = []
  for (const waiting of group) {
    const transaction = open()
    const outcome = await waiting.attempt(transaction)
    if (!connection.inTransaction) throw transaction.failure
    if (!outcome.kept && transaction.wrote) {
      connection.command('rollback')
      return undefined
    }
    outcomes.push(outcome)
  }
  return outcomes
}

/** As `runTogether`, with a savepoint for each. */
async function runApart({ connection, open }: Ground, group: readonly Waiting[]): Promise<Outcome[]> {
  connection.command('begin immediate')
  const outcomes: Outcome[] = []
  for (const waiting of group) {
    const transaction = open()
    connection.command('savepoint change')
    const outcome = await waiting.attempt(transaction)
    if (!connection.inTransaction) throw transaction.failure
    if (!outcome.kept) connection.command('rollback to change')
    connection.command('release change')
    outcomes.push(outcome)
  }
  return outcomes
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
