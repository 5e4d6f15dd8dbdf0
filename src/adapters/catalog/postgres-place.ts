/** Where the tests put catalogs in PostgreSQL: a schema each, on the server that PG_URL names. */
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import { openPostgresCatalog } from './postgres.ts'

export interface PostgresPlace {
  readonly schema: string
  /** Of a connection whose search path is the schema. */
  readonly url: string
  remove(): Promise<void>
}

function serverUrl(): string {
  const url = process.env.PG_URL
  if (!url) throw new Error('PG_URL names the PostgreSQL to test with; `up.sh postgres` prints one')
  return url
}

export async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl() })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

export async function freshSchema(): Promise<PostgresPlace> {
  const schema = `test_${randomBytes(6).toString('hex')}`
  const url = new URL(serverUrl())
  url.searchParams.set('options', `-c search_path=${schema}`)
  await administer(`create schema ${schema}`)
  return { schema, url: url.href, remove: () => administer(`drop schema ${schema} cascade`) }
}

/** A catalog in a schema of its own, which goes when the catalog is closed. */
export async function openInFreshSchema(): Promise<Catalog> {
  const { url, remove } = await freshSchema()
  const catalog = await openPostgresCatalog({ url })
  return {
    ...catalog,
    async close() {
      await catalog.close()
      await remove()
    },
  }
}
