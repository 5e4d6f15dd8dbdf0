import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { openPostgresCatalog } from './postgres.ts'
import { catalogSuite } from './suite.ts'

const url = process.env.PG_URL
if (!url) throw new Error('PG_URL names the PostgreSQL to test with; `up.sh postgres` prints one')

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

catalogSuite('a catalog in PostgreSQL', async () => {
  const schema = `test_${randomBytes(6).toString('hex')}`
  await administer(`create schema ${schema}`)
  return {
    several: true,
    open: () => openPostgresCatalog({ url: `${url}?options=-c%20search_path=${schema}` }),
    remove: () => administer(`drop schema ${schema} cascade`),
  }
})
