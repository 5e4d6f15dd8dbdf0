/** Transactions over a pool of connections, tried again when they lost a race. */
import { setTimeout as delay } from 'node:timers/promises'
import type { CompiledQuery } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { Fault } from '../../ports/fault.ts'
import { isBroken, translate, triesAfter } from './postgres-faults.ts'
import type { Dialect } from './session.ts'
import { openTransaction, type Transaction } from './transaction.ts'

export interface Mode {
  /** The statement that begins the transaction and sets its isolation. */
  readonly begin: string
  readonly writable: boolean
}

export type Runner = <T>(mode: Mode, work: (transaction: Transaction) => Promise<T>) => Promise<T>

/** Longest pause before another try, in milliseconds; the pauses are random below a doubling bound. */
const LONGEST_PAUSE = 64
/** Texts that each connection keeps prepared; rarer ones, made by filters, are sent whole. */
const MOST_STATEMENTS = 400
const LONGEST_PREPARED = 8_192

/** Connections of the pool that may turn out to have ended while idle, before one is taken for the server's absence. */
const MOST_STALE = 20

/** One attempt: what came of it, or what it failed of. */
type Attempt<T> = { readonly value: T } | { readonly error: unknown; readonly tries: number }

export function transactionsOver(pool: Pool, dialect: Dialect): Runner {
  const names = new Map<string, string>()
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= MOST_STATEMENTS || text.length > LONGEST_PREPARED) return known
    const name = `s${names.size}`
    names.set(text, name)
    return name
  }
  const send = async (client: PoolClient, { sql: text, parameters }: CompiledQuery) => {
    const name = nameOf(text)
    return (await client.query({ text, values: [...parameters], ...(name !== undefined && { name }) })).rows
  }
  return async (mode, work) => {
    for (let tried = 1; ; tried++) {
      const client = await connect(pool)
      const attempt = await tryOnce(client, mode, work, query => send(client, query), dialect)
      if ('value' in attempt) return attempt.value
      if (tried >= attempt.tries) throw attempt.error
      await delay(Math.random() * Math.min(LONGEST_PAUSE, 2 ** tried))
    }
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw translate(error)
  }
}

async function tryOnce<T>(
  client: PoolClient,
  mode: Mode,
  work: (transaction: Transaction) => Promise<T>,
  send: (query: CompiledQuery) => Promise<readonly object[]>,
  dialect: Dialect,
): Promise<Attempt<T>> {
  let last: Promise<readonly object[]> = Promise.resolve([])
  let raw: unknown
  const fail = (error: unknown): never => {
    raw ??= error
    throw translate(error)
  }
  // One after the other on the wire, whatever the work awaits together.
  const run = (query: CompiledQuery) => {
    last = last.then(() => send(query)).catch(fail)
    return last
  }
  const transaction = openTransaction({ dialect, writable: mode.writable, run })
  let begun = false
  try {
    await client.query(mode.begin).catch(fail)
    begun = true
    const value = await work(transaction)
    if (transaction.failure !== undefined) throw transaction.failure
    transaction.end()
    await commit(client).catch(fail)
    client.release()
    return { value }
  } catch (error) {
    transaction.end()
    await giveBack(client, raw)
    return { error: transaction.failure ?? error, tries: !begun && isBroken(raw) ? MOST_STALE : triesAfter(raw) }
  }
}

async function commit(client: PoolClient): Promise<void> {
  try {
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error('PostgreSQL rolled a change back at its commit')
  } catch (error) {
    if (!isBroken(error)) throw error
    throw new Fault('unavailable', 'PostgreSQL was lost during a commit: the change may or may not be made', {
      permanent: true,
      cause: error,
    })
  }
}

/** Back into the pool without a transaction on it, or out of the pool. */
async function giveBack(client: PoolClient, failure: unknown): Promise<void> {
  if (isBroken(failure)) return client.release(true)
  try {
    await client.query('rollback')
    client.release()
  } catch {
    // Whatever is wrong with it, nobody gets it again; the caller hears of the first failure.
    client.release(true)
  }
}
