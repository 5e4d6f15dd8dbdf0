import type { Records } from '../../ports/catalog/catalog.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import type { Transaction } from './transaction.ts'

export interface SqliteReader {
  /** Looks one after the other, each at one snapshot. */
  read<T>(look: (records: Records) => Promise<T>): Promise<T>
  idle(): Promise<void>
}

export interface ReaderParts {
  readonly connection: SqliteConnection
  readonly open: () => Transaction
  /** The writer's: what is committed and not yet durable is for nobody's eyes. */
  readonly syncing: () => Promise<void> | undefined
}

/** SQLite takes its snapshot at the first read. */
const PIN = 'select 1 from migration limit 1'

export function openReader({ connection, open, syncing }: ReaderParts): SqliteReader {
  let last: Promise<unknown> = Promise.resolve()
  async function snapshot<T>(look: (records: Records) => Promise<T>): Promise<T> {
    for (let sync = syncing(); sync !== undefined; sync = syncing()) await sync
    const transaction = open()
    connection.command('begin')
    connection.query(PIN) // the snapshot is of this moment, whenever the look asks its first question
    try {
      return await look(transaction.records)
    } finally {
      transaction.end()
      if (connection.inTransaction) connection.command('rollback')
    }
  }
  return {
    read(look) {
      const turn = last.then(() => snapshot(look))
      last = turn.catch(() => undefined)
      return turn
    },
    async idle() {
      await last
    },
  }
}
