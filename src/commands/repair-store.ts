/**
 * `opencbr store repair`: the index brought in line with the packs, in every realm, and then what is damaged all the same.
 * Lost bytes come back with the next backup of the same data, since nothing is built on what was found damaged.
 */

import type { Repaired } from '../datastore/datastore.ts'
import { Fault } from '../ports/fault.ts'
import { checkStore } from './check-store.ts'
import type { StoreParts, StoreReport } from './store-report.ts'

/** Alone: no service may run on the store. */
export async function repairStore(parts: StoreParts, options: { readonly read: boolean }): Promise<StoreReport> {
  // Read first, so that the repair knows what is to be doubted, and once more to tell what is left.
  if (options.read) await checkStore(parts, options)
  const repaired = new Map<string, Repaired>()
  for (const realm of await parts.datastore.realms()) {
    const done = await unlessUnreadable(parts.datastore.repair(realm))
    if (done) repaired.set(realm, done)
  }
  const report = await checkStore(parts, { read: false })
  const realms = report.realms.map(realm => {
    const done = repaired.get(realm.realm)
    return done ? { ...realm, repaired: done } : realm
  })
  return { ...report, realms }
}

/** A realm without its key is told by the check. */
async function unlessUnreadable<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Fault && error.permanent && error.kind !== 'full') return undefined
    throw error
  }
}
