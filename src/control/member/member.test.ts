import { openSqliteCatalog } from '../../adapters/catalog/sqlite.ts'
import { sharingSuite } from './suite.ts'

sharingSuite('SQLite', () => openSqliteCatalog({ file: ':memory:' }))
