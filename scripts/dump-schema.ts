// Writes src/adapters/catalog/schema.sqlite.sql, and schema.postgres.sql where PG_URL names a server to make it on.
// Run after a new migration; tests fail while the files are stale.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { openPostgresCatalog } from '../src/adapters/catalog/postgres.ts'
import { postgresSchema, sqliteSchema } from '../src/adapters/catalog/schema.ts'
import { openSqliteCatalog } from '../src/adapters/catalog/sqlite.ts'

const write = (name: string, text: string) =>
  writeFileSync(new URL(`../src/adapters/catalog/${name}`, import.meta.url), text)

const folder = mkdtempSync(join(tmpdir(), 'opencbr-schema-'))
try {
  const file = join(folder, 'catalog.db')
  await (await openSqliteCatalog({ file })).close()
  write('schema.sqlite.sql', sqliteSchema(file))
} finally {
  rmSync(folder, { recursive: true })
}

const url = process.env.PG_URL
if (url) {
  const schema = `schema_${process.pid}`
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`create schema ${schema}`)
  try {
    await (await openPostgresCatalog({ url: `${url}?options=-c%20search_path=${schema}` })).close()
    write('schema.postgres.sql', await postgresSchema(url, schema))
  } finally {
    await client.query(`drop schema ${schema} cascade`)
    await client.end()
  }
}
