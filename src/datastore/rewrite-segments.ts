/** Index segments without the packs that go, and fewer of them: new ones are durable before an old one is removed. */

import { ROW_BYTES } from './chunk-row.ts'
import { decodeSegment, encodeSegment, MOST_ROWS_OF_SEGMENT, mergeSegments, type Segment } from './index-segment.ts'
import type { SegmentInfo } from './realm-index.ts'
import type { Realm } from './realms.ts'
import { isCorrupt, unlessMissing } from './store-view.ts'

/** Segments below an eighth of the most they may hold are joined when there are this many. */
const MANY_SMALL = 16

interface Old {
  readonly info: SegmentInfo
  readonly segment: Segment
}

/**
 * Without these packs, and without those that are gone already. Reads only segments that mention a pack that goes, and small ones when there are many. Corrupt segments go as well: the
 * rows of their packs have been found in the packs' tables and committed. Answers how many were replaced or removed.
 */
export async function rewriteSegments(realm: Realm, gone: ReadonlySet<string>): Promise<number> {
  const { index } = realm
  const corrupt = index.corruptSegments()
  const goes = (number: number): boolean =>
    index.packs.state(number) === 'gone' || gone.has(index.packs.at(number)?.id ?? '')
  const [affected, others] = split(index.segments(), segment => segment.packs.some(goes))
  const small = others.filter(({ rows }) => rows < MOST_ROWS_OF_SEGMENT / 8)
  const old = small.length + affected.length >= MANY_SMALL ? [...affected, ...small] : affected
  for (const batch of batches(old)) await replace(realm, batch, goes)
  await realm.objectStore.remove(corrupt.map(realm.keys.segment))
  index.replaced(corrupt, [])
  return old.length + corrupt.length
}

function split<T>(all: readonly T[], fits: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(fits), all.filter(one => !fits(one))]
}

/** As many as make a segment that is not too large; at least one. */
function batches(old: readonly SegmentInfo[]): readonly (readonly SegmentInfo[])[] {
  const all: SegmentInfo[][] = []
  let rows = Number.POSITIVE_INFINITY
  for (const segment of old) {
    if (rows + segment.rows > MOST_ROWS_OF_SEGMENT) {
      all.push([])
      rows = 0
    }
    all.at(-1)?.push(segment)
    rows += segment.rows
  }
  return all
}

async function replace(realm: Realm, batch: readonly SegmentInfo[], goes: (pack: number) => boolean) {
  const old: Old[] = []
  for (const info of batch) {
    const segment = await readSegment(realm, info.id)
    if (segment) old.push({ info, segment })
  }
  const merged = mergeSegments(
    old.map(({ segment }) => segment),
    pack => goes(realm.index.packs.find(pack) ?? -1),
  )
  const put: SegmentInfo[] = []
  if (merged.packs.length > 0) {
    const { id, parts } = encodeSegment(realm.sealing, merged)
    await realm.objectStore.put(realm.keys.segment(id), parts)
    const packs = merged.packs.flatMap(pack => realm.index.packs.find(pack.id) ?? [])
    put.push({ id, packs, rows: merged.rows.length / ROW_BYTES })
  }
  const ids = old.map(({ info }) => info.id)
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
