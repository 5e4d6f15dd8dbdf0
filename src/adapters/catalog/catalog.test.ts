import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteCatalog } from './sqlite.ts'
import { catalogSuite } from './suite.ts'

catalogSuite('a catalog in a SQLite file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-test-'))
  return {
    several: false,
    open: () => openSqliteCatalog({ file: join(folder, 'catalog.db') }),
    remove: () => rm(folder, { recursive: true }),
  }
})

catalogSuite('a SQLite catalog in memory', async () => ({
  several: false,
  open: () => openSqliteCatalog({ file: ':memory:' }),
  remove: async () => undefined,
}))
