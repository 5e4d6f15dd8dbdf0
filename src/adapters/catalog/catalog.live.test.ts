// Needs PG_URL.
import { openPostgresCatalog } from './postgres.ts'
import { freshSchema } from './postgres-place.ts'
import { catalogSuite } from './suite.ts'

catalogSuite('a catalog in PostgreSQL', async () => {
  const { url, remove } = await freshSchema()
  return { several: true, open: () => openPostgresCatalog({ url }), remove }
})
