import { openSqliteCatalog } from '../../adapters/catalog/sqlite.ts'
import { racesSuite } from './suite.ts'

racesSuite('SQLite', () => openSqliteCatalog({ file: ':memory:' }))
