import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../../ports/fault.ts'
import { systemFault } from '../../ports/system-fault.ts'
import { onDatabase } from './sqlite-fault.ts'

/**
 * What the embedded identity must remember between two starts, in a file of its own: which id a name got, password
 * hashes, revoked tokens. Accounts themselves stand in the settings, roles and secret keys in memory alone. One process
 * uses the file (the data directory's lock sees to that). Writes are durable when they return; they are rare (a changed
 * password, a sign-out), so they need no thread of their own.
 */
export interface IdentityRows {
  /** The id that the name has had since it was first seen. */
  idOf(kind: NamedKind, parentId: string, name: string): string | undefined
  /** Binds the name to the id; a name that the id had before is forgotten (a renamed project keeps its id). */
  bind(kind: NamedKind, parentId: string, name: string, id: string): void
  credential(userId: string): StoredCredential | undefined
  putCredential(userId: string, credential: StoredCredential): void
  /** Audit ids of tokens revoked that have not expired anyway, and when they will; the first to expire first. */
  revoked(now: number): readonly (readonly [auditId: string, expiresAt: number])[]
  revoke(auditId: string, expiresAt: number, now: number): void
  /** Runs `work` as one transaction. */
  atomic<T>(work: () => T): T
  close(): void
}

export type NamedKind = 'domain' | 'project' | 'user'

export interface StoredCredential {
  /** PHC string; null where the user has no password. */
  readonly hash: string | null
  /** Grows with each change of the password; a token carries the one it was made under. */
  readonly generation: number
}

const SCHEMA_VERSION = 1

const schema = `
  create table named (
    kind text not null, parent_id text not null, name text not null, id text not null,
    primary key (kind, parent_id, name), unique (kind, id)
  ) strict, without rowid;
  create table credential (user_id text primary key, hash text, generation integer not null) strict, without rowid;
  create table revoked (audit_id text primary key, expires_at integer not null) strict, without rowid;
  pragma user_version = ${SCHEMA_VERSION};
`

/** Faults `denied`, `corrupt`, `conflict` as the file system and SQLite say. The file is made readable to its owner only. */
export function openIdentityRows(file: string): IdentityRows {
  makePrivate(file)
  return onDatabase(() => {
    const database = new DatabaseSync(file, { timeout: 2000 })
    database.exec('pragma journal_mode = wal; pragma synchronous = full')
    const rows = rowsOf(database)
    rows.atomic(() => migrate(database))
    return rows
  })
}

/** SQLite gives its side files the mode of the database, so it is enough to make that one first. */
export function makePrivate(file: string): void {
  if (file === ':memory:') return
  try {
    closeSync(openSync(file, 'a', 0o600))
  } catch (error) {
    throw systemFault(`cannot open the identity database ${file}`, error)
  }
}

function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('pragma user_version').get()?.user_version)
  if (version > SCHEMA_VERSION) {
    throw new Fault('conflict', `the identity database was written by a newer version (${version}) of this program`)
  }
  if (version === 0) database.exec(schema)
}

function rowsOf(database: DatabaseSync): IdentityRows {
  const run = (sql: string, ...values: readonly (string | number | null)[]) =>
    onDatabase(() => database.prepare(sql).run(...values))
  const all = (sql: string, ...values: readonly (string | number)[]) =>
    onDatabase(() => database.prepare(sql).all(...values))
  return {
    idOf(kind, parentId, name) {
      const [row] = all('select id from named where kind = ? and parent_id = ? and name = ?', kind, parentId, name)
      return row && String(row.id)
    },
    bind(kind, parentId, name, id) {
      run('delete from named where kind = ? and id = ?', kind, id)
      run('insert into named (kind, parent_id, name, id) values (?, ?, ?, ?)', kind, parentId, name, id)
    },
    credential(userId) {
      const [row] = all('select hash, generation from credential where user_id = ?', userId)
      return row && { hash: row.hash === null ? null : String(row.hash), generation: Number(row.generation) }
    },
    putCredential(userId, { hash, generation }) {
      run('insert or replace into credential (user_id, hash, generation) values (?, ?, ?)', userId, hash, generation)
    },
    revoked: now =>
      all('select audit_id, expires_at from revoked where expires_at > ? order by expires_at', now).map(
        row => [String(row.audit_id), Number(row.expires_at)] as const,
      ),
    revoke(auditId, expiresAt, now) {
      run('delete from revoked where expires_at <= ?', now)
      run('insert or ignore into revoked (audit_id, expires_at) values (?, ?)', auditId, expiresAt)
    },
    atomic(work) {
      onDatabase(() => database.exec('begin immediate'))
      try {
        const result = work()
        onDatabase(() => database.exec('commit'))
        return result
      } catch (error) {
        if (database.isTransaction) onDatabase(() => database.exec('rollback'))
        throw error
      }
    },
    close: () => database.close(),
  }
}
