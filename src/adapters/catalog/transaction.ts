/** One transaction as its work sees it, the same on both engines. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Compilable, CompiledQuery } from 'kysely'
import { refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { recordsOf } from './records.ts'
import type { Dialect, Session } from './session.ts'

export interface Transaction {
  readonly session: Session
  readonly records: Records
  /** The first statement that failed; it dooms the transaction, even if the work caught the error. */
  readonly failure: unknown
  /** Whether a statement has come that may have written. */
  readonly wrote: boolean
  end(): void
}

export interface Running {
  readonly dialect: Dialect
  readonly writable: boolean
  readonly run: (query: CompiledQuery) => readonly object[] | Promise<readonly object[]>
}

export function openTransaction({ dialect, writable, run }: Running): Transaction {
  let open = true
  let failure: unknown
  let wrote = false
  /** What the caller has to await, if anything. */
  function start(query: CompiledQuery): readonly object[] | Promise<readonly object[]> {
    if (!open) throw new Error('a statement came after the end of its transaction; is an await missing?')
    if (failure !== undefined) throw failure
    try {
      checkStatement(query, writable)
      wrote ||= query.query.kind !== 'SelectQueryNode'
      const rows = run(query)
      return rows instanceof Promise ? rows.catch(fail) : rows
    } catch (error) {
      return fail(error)
    }
  }
  function fail(error: unknown): never {
    failure ??= error
    throw error
  }
  const session: Session = {
    ...dialect,
    writable,
    // What a statement answers is what Kysely was told it selects.
    all: async <R>(query: Compilable<R>) => (await start(query.compile())) as readonly R[],
    async each(query, sets) {
      for (const parameters of sets) {
        const done = start({ ...query, parameters })
        // SQLite is done by then.
        if (done instanceof Promise) await done
      }
    },
  }
  return {
    session,
    records: recordsOf(session),
    get failure() {
      return failure
    },
    get wrote() {
      return wrote
    },
    end: () => {
      open = false
    },
  }
}

function checkStatement({ query, parameters }: CompiledQuery, writable: boolean): void {
  if (!writable && query.kind !== 'SelectQueryNode' && query.kind !== 'RawNode')
    throw new Error('a write or a lock inside a read')
  for (const value of parameters) {
    // PostgreSQL keeps no such text; SQLite would.
    if (typeof value === 'string' && value.includes('\0')) refuse('9900', { problem: 'a text has a NUL character' })
  }
}

/** A transaction asked for inside another would wait for itself: it is refused at once. */
export interface Nesting {
  /** Runs the work of a transaction. */
  inside<T>(work: () => Promise<T>): Promise<T>
  /** Throws if called from inside such work. */
  check(): void
}

export function watchNesting(): Nesting {
  // An object, since what the work leaves running (a runner it woke) inherits it and may outlive the transaction.
  const current = new AsyncLocalStorage<{ open: boolean }>()
  return {
    async inside(work) {
      const transaction = { open: true }
      try {
        return await current.run(transaction, work)
      } finally {
        transaction.open = false
      }
    },
    check() {
      if (current.getStore()?.open) throw new Error('a transaction inside a transaction')
    },
  }
}
