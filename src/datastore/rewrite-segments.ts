/** Index segments without the packs that go, and fewer of them: new ones are durable before an old one is removed. */

import { ROW_BYTES } from './chunk-row.ts'
import { decodeSegment, encodeSegment, MOST_ROWS_OF_SEGMENT, mergeSegments, type Segment } from './index-segment.ts'
import type { Realm } from './realms.ts'
import { isCorrupt, unlessMissing } from './store-view.ts'

/** Segments below an eighth of the most they may hold are joined when there are this many. */
const MANY_SMALL = 16

interface Old {
  readonly id: string
  readonly segment: Segment
}

/** Corrupt segments go as well: the rows of their packs have been found in the packs' tables and committed. */
export async function rewriteSegments(realm: Realm, gone: ReadonlySet<string>): Promise<void> {
  const corrupt = realm.index.corruptSegments()
  const affected: Old[] = []
  const small: Old[] = []
  for (const id of realm.index.segments()) {
    if (corrupt.includes(id)) continue
    const segment = await readSegment(realm, id)
    if (segment === undefined) continue
    if (segment.packs.some(pack => gone.has(pack.id))) affected.push({ id, segment })
    else if (segment.rows.length / ROW_BYTES < MOST_ROWS_OF_SEGMENT / 8) small.push({ id, segment })
    if (rowsIn(affected) >= MOST_ROWS_OF_SEGMENT) await replace(realm, affected.splice(0), gone)
  }
  const joined = small.length + affected.length >= MANY_SMALL ? [...affected, ...small] : affected
  while (joined.length > 0) await replace(realm, joined.splice(0, fitting(joined)), gone)
  await realm.objectStore.remove(corrupt.map(realm.keys.segment))
  realm.index.replaced(corrupt, [])
}

const rowsIn = (old: readonly Old[]): number =>
  old.reduce((sum, { segment }) => sum + segment.rows.length, 0) / ROW_BYTES

/** How many of them make a segment that is not too large; at least one. */
function fitting(old: readonly Old[]): number {
  let count = 1
  while (count < old.length && rowsIn(old.slice(0, count + 1)) <= MOST_ROWS_OF_SEGMENT) count += 1
  return count
}

async function replace(realm: Realm, old: readonly Old[], gone: ReadonlySet<string>): Promise<void> {
  const ids = old.map(({ id }) => id)
  const merged = mergeSegments(
    old.map(({ segment }) => segment),
    pack => gone.has(pack),
  )
  const put: string[] = []
  if (merged.packs.length > 0) {
    const { id, parts } = encodeSegment(realm.sealing, merged)
    await realm.objectStore.put(realm.keys.segment(id), parts)
    put.push(id)
  }
  await realm.objectStore.remove(ids.map(realm.keys.segment))
  realm.index.replaced(ids, put)
}

/** Undefined when it vanished or went bad since it was loaded: the next refresh notices. */
async function readSegment(realm: Realm, id: string): Promise<Segment | undefined> {
  const key = realm.keys.segment(id)
  try {
    const object = await unlessMissing(realm.objectStore.get(key))
    return object && decodeSegment(realm.sealing, object, key)
  } catch (error) {
    if (!isCorrupt(error)) throw error
    realm.log.error({ err: error, object: key }, 'an index segment went bad')
    return undefined
  }
}
