// Needs PG_URL.
import { openInFreshSchema } from '../../adapters/catalog/postgres-place.ts'
import { sharingSuite } from './suite.ts'

sharingSuite('PostgreSQL', openInFreshSchema)
