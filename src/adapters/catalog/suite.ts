/** What every catalog promises (ports/catalog/*), run on SQLite and on PostgreSQL. */
import { after, before, describe } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import { agentTests } from './suite-agents.ts'
import { backupListingTests } from './suite-backup-listing.ts'
import { chainTests } from './suite-chains.ts'
import { exportSessionTests } from './suite-export-sessions.ts'
import { listingTests } from './suite-listings.ts'
import { organizationPolicyTests } from './suite-organization-policies.ts'
import { policyTests } from './suite-policies.ts'
import { recordTests } from './suite-records.ts'
import { replicationTests } from './suite-replications.ts'
import { type Catalogs, closingTests, transactionTests } from './suite-transactions.ts'
import { webhookTests } from './suite-webhooks.ts'

/** Where a catalog lies; it can be opened by several at once where `several`. */
export interface Place {
  readonly several: boolean
  open(): Promise<Catalog>
  remove(): Promise<void>
}

export function catalogSuite(name: string, makePlace: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place
    let catalogs: Catalogs
    before(async () => {
      place = await makePlace()
      // Together, as replicas start: only one of them migrates.
      const opening = place.several ? [place.open(), place.open()] : [place.open()]
      const [one, other] = await Promise.all(opening)
      if (!one) throw new Error('no catalog was opened')
      catalogs = { one, other: other ?? one }
    })
    after(() => place.remove())
    recordTests(() => catalogs.one)
    chainTests(() => catalogs.one)
    agentTests(() => catalogs.one)
    organizationPolicyTests(() => catalogs.one)
    policyTests(() => catalogs)
    backupListingTests(() => catalogs.one)
    exportSessionTests(() => catalogs.one)
    replicationTests(() => catalogs.one)
    webhookTests(() => catalogs)
    listingTests(() => catalogs.one)
    transactionTests(() => catalogs)
    closingTests(() => catalogs)
  })
}
