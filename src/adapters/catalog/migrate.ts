import { sql } from 'kysely'
import { Fault } from '../../ports/fault.ts'
import type { ColumnTypes } from './migrations/migration.ts'
import { migrations } from './migrations/migrations.ts'
import { first, type Session } from './session.ts'

/** Brings the schema up to date inside the caller's transaction, which keeps others out. */
export async function migrate(session: Session, types: ColumnTypes): Promise<void> {
  const command = (text: string) => session.all({ compile: () => sql.raw(text).compile(session.db) })
  await command(`create table if not exists migration (number ${types.whole} not null primary key)${types.tableEnd}`)
  const newest = await first(
    session,
    session.db.selectFrom('migration').select('number').orderBy('number', 'desc').limit(1),
  )
  const done = newest?.number ?? 0
  if (done > migrations.length) {
    throw new Fault('conflict', `the catalog was made by a newer version (schema ${done}, known ${migrations.length})`)
  }
  for (const [index, migration] of migrations.entries()) {
    const number = index + 1
    if (number <= done) continue
    for (const statement of migration(types)) await command(statement)
    await session.all(session.db.insertInto('migration').values({ number }))
  }
}
