import { DatabaseSync } from 'node:sqlite'
import { makePrivate } from './identity-rows.ts'
import { onDatabase } from './sqlite-fault.ts'

/**
 * Signatures that were accepted, for as long as their date would be: a request that is sent again is refused, also
 * after a restart. They lie in the identity database and not in memory, through a connection of their own that does not
 * wait for the disk at each commit (a killed process loses nothing, a power cut the last moments).
 *
 * A signature carries its time in whole seconds, so a client that reads the same thing twice within one sends the same
 * signature twice, as the vendor's provider does. A read may therefore come again shortly after it came first; anything
 * else never.
 */
export interface SeenSignatures {
  /** Notes it; false when it must be refused. `goodUntil`: when its date leaves the window. Times in milliseconds. */
  accept(
    signature: Uint8Array,
    use: { readonly reads: boolean; readonly now: number; readonly goodUntil: number },
  ): boolean
  close(): void
}

/** One second of equal signatures, and half a one for the way here. */
const repeatMs = 1500
const sweepEveryMs = 60_000

const schema = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  create table if not exists seen (signature blob primary key, seen_at integer not null, good_until integer not null)
    strict, without rowid;
  create index if not exists seen_by_end on seen (good_until);
`

export function openSeenSignatures(file: string): SeenSignatures {
  makePrivate(file)
  const database = onDatabase(() => {
    const opened = new DatabaseSync(file, { timeout: 2000 })
    opened.exec(schema)
    return opened
  })
  const insert = database.prepare('insert or ignore into seen (signature, seen_at, good_until) values (?, ?, ?)')
  const seenAt = database.prepare('select seen_at from seen where signature = ?')
  const sweep = database.prepare('delete from seen where good_until < ?')
  let sweptAt = 0
  return {
    accept: (signature, { reads, now, goodUntil }) =>
      onDatabase(() => {
        if (Math.abs(now - sweptAt) >= sweepEveryMs) {
          sweep.run(now)
          sweptAt = now
        }
        if (insert.run(signature, now, goodUntil).changes === 1) return true
        const first = Number(seenAt.get(signature)?.seen_at)
        return reads && Math.abs(now - first) <= repeatMs
      }),
    close: () => database.close(),
  }
}
