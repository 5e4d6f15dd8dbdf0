import { openSqliteCatalog } from '../adapters/catalog/sqlite.ts'
import { sameBackupSuite } from './suite-same-backup.ts'

sameBackupSuite('SQLite', async () => {
  const catalog = await openSqliteCatalog({ file: ':memory:' })
  return { one: catalog, other: catalog, end: async () => undefined }
})
