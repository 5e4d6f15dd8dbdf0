// Needs PG_URL.
import { openInFreshSchema } from '../../adapters/catalog/postgres-place.ts'
import { racesSuite } from './suite.ts'

racesSuite('PostgreSQL', openInFreshSchema)
