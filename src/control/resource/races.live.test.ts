import { test } from 'node:test'
import { Pool } from 'pg'
import { openPostgresCatalog } from '../../adapters/catalog/postgres.ts'
import { racesSuite } from './suite.ts'

const url = process.env.PG_URL

if (url === undefined) {
  test('races on PostgreSQL', { skip: 'PG_URL names no database' })
} else {
  racesSuite('PostgreSQL', () => openIn(url))
}

/** A catalog in a schema of its own, which goes when the catalog is closed. */
async function openIn(database: string) {
  const schema = `races_${crypto.randomUUID().replaceAll('-', '')}`
  const admin = new Pool({ connectionString: database, max: 1 })
  await admin.query(`create schema ${schema}`)
  const within = new URL(database)
  within.searchParams.set('options', `-c search_path=${schema}`)
  const catalog = await openPostgresCatalog({ url: within.href })
  return {
    ...catalog,
    async close() {
      await catalog.close()
      await admin.query(`drop schema ${schema} cascade`)
      await admin.end()
    },
  }
}
