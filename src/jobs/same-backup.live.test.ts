// Needs PG_URL.
import { openPostgresCatalog } from '../adapters/catalog/postgres.ts'
import { freshSchema } from '../adapters/catalog/postgres-place.ts'
import { sameBackupSuite } from './suite-same-backup.ts'

sameBackupSuite('PostgreSQL', async () => {
  const { url, remove } = await freshSchema()
  const [one, other] = [await openPostgresCatalog({ url }), await openPostgresCatalog({ url })]
  return {
    one,
    other,
    async end() {
      await other.close()
      await remove()
    },
  }
})
