/** What every catalog promises (ports/catalog/*), run on SQLite and on PostgreSQL. */
import { after, before, describe } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import { recordTests } from './suite-records.ts'

/** Where a catalog lies; it can be opened again after a close, and by several at once where `several`. */
export interface Place {
  readonly several: boolean
  open(): Promise<Catalog>
  remove(): Promise<void>
}

export function catalogSuite(name: string, makePlace: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place
    let catalog: Catalog
    before(async () => {
      place = await makePlace()
      catalog = await place.open()
    })
    after(async () => {
      await catalog.close()
      await place.remove()
    })
    recordTests(() => catalog)
  })
}
