/**
 * Writes the log of the catalog back into its file, in a thread with a connection of its own: done by the writer's
 * connection, as SQLite does it unasked, it held up the whole event loop, and took a fifth of its time under load.
 *
 * SQLite begins its log anew only once all of it is written back, which beside a busy writer never happens. So the first
 * round runs beside the writer and copies nearly all; the second, which is short, runs while the next group waits.
 */
import { Worker } from 'node:worker_threads'
import { Fault } from '../../ports/fault.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

export type WritebackOrder = 'round' | 'end'
/** What went wrong, if anything. */
export interface RoundEnd {
  readonly problem?: string
}

export interface LogWriteback extends AsyncDisposable {
  /** To be called between two groups of changes: what the next one has to wait for, if anything. Never rejects. */
  tend(): Promise<void> | undefined
  /** Throws what the last round failed of. Nothing is lost by that, but the log grows until a round succeeds. */
  check(): void
}

/** 16 MiB: a page that many changes touch is written back once, and after a crash the log is read in no time. */
export const LONGEST_LOG_PAGES = 4_000
/** A writer that outruns the first round waits for its end. */
const FAR_TOO_LONG = 4 * LONGEST_LOG_PAGES

/** `connection` is the writer's, which must not write back by itself. */
export function logWriteback(file: string, connection: SqliteConnection): LogWriteback {
  let thread: Thread | undefined
  let running: Promise<void> | undefined
  let secondIsDue = false
  let longest = LONGEST_LOG_PAGES
  let failure: Fault | undefined
  async function round(): Promise<void> {
    try {
      thread ??= startThread(file, () => {
        thread = undefined
      })
      await thread.round()
      failure = undefined
    } catch (error) {
      failure = new Fault('unreadable', 'the log of the catalog cannot be written back', { cause: error })
    }
    running = undefined
  }
  const start = () => {
    running = round()
    return running
  }
  return {
    tend() {
      const { log, left } = lengthOf(connection)
      if (running !== undefined) return left > FAR_TOO_LONG ? running : undefined
      if (log < LONGEST_LOG_PAGES) longest = LONGEST_LOG_PAGES
      if (secondIsDue) {
        secondIsDue = false
        longest = log + LONGEST_LOG_PAGES // until the log has begun anew, which somebody else's reader may put off
        return left > 0 ? start() : undefined
      }
      if (log < longest) return undefined
      secondIsDue = true
      void start()
      return undefined
    },
    check() {
      if (failure) throw failure
    },
    async [Symbol.asyncDispose]() {
      await running
      await thread?.end()
    },
  }
}

/** Pages in the log, and how many of them are still to be written back. */
function lengthOf(connection: SqliteConnection): { readonly log: number; readonly left: number } {
  const [row] = connection.query('pragma wal_checkpoint(noop)') as { log: number; checkpointed: number }[]
  return row ? { log: row.log, left: row.log - row.checkpointed } : { log: 0, left: 0 }
}

interface Thread {
  /** Rejects when the round failed or the thread died. */
  round(): Promise<void>
  end(): Promise<void>
}

function startThread(file: string, onGone: () => void): Thread {
  const worker = new Worker(new URL('./log-writeback-thread.ts', import.meta.url), { workerData: { file } })
  const gone = Promise.withResolvers<void>()
  let waiting: PromiseWithResolvers<void> | undefined
  let cause: unknown
  worker.unref()
  worker.on('message', ({ problem }: RoundEnd) => {
    worker.unref()
    if (problem === undefined) waiting?.resolve()
    else waiting?.reject(new Error(problem))
  })
  worker.on('error', error => {
    cause = error
  })
  worker.on('exit', () => {
    onGone()
    waiting?.reject(new Error('the thread ended', { cause }))
    gone.resolve()
  })
  const order = (what: WritebackOrder) => {
    worker.ref() // what has been ordered is waited for, even by a process that has nothing else to do
    worker.postMessage(what)
  }
  return {
    round() {
      waiting = Promise.withResolvers()
      order('round')
      return waiting.promise
    },
    end() {
      order('end')
      return gone.promise
    },
  }
}
