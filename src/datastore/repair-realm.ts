/** Brings a realm's index in line with what is in its packs. Alone: nothing else may write meanwhile. */
import { readChunksOf, readTableOf } from './check-pack.ts'
import { noted } from './check-realm.ts'
import type { Repaired } from './datastore.ts'
import { paceOf } from './pace.ts'
import type { Realm } from './realms.ts'
import { rewriteSegments } from './rewrite-segments.ts'
import { listPacks } from './store-view.ts'

export async function repairRealm(realm: Realm): Promise<Repaired> {
  const { index } = realm
  await index.refresh({ packs: true })
  const reindexedChunks = index.uncommitted()
  await index.commit()
  const gone = Array.from({ length: index.packs.count() }, (_, number) => index.packs.at(number))
    .filter(pack => pack?.state === 'gone')
    .flatMap(pack => pack?.id ?? [])
  const replacedSegments = await rewriteSegments(realm, new Set(gone))
  const before = index.damage.places().length
  await readDoubtedAgain(realm)
  const damagedPlaces = index.damage.places().length
  return { reindexedChunks, replacedSegments, mendedPlaces: Math.max(0, before - damagedPlaces), damagedPlaces }
}

async function readDoubtedAgain(realm: Realm): Promise<void> {
  const { damage, packs } = realm.index
  const doubted = Map.groupBy(damage.places(), ({ pack }) => pack)
  for (const [id, bytes] of await listPacks(realm)) {
    const names = new Set(doubted.get(id)?.map(({ chunk }) => chunk))
    const table = names.size > 0 ? await readTableOf(realm, { id, bytes }) : undefined
    const chunks = table?.chunks.filter(({ name }) => names.has(name.toString('hex'))) ?? []
    for await (const { name, what } of readChunksOf(realm, id, chunks, { pace: paceOf() })) noted(realm, name, id, what)
  }
  await damage.tidy(({ pack }) => packs.has(pack))
}
