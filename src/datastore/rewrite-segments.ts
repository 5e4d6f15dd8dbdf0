/** Index segments without the packs that go, and fewer of them: new ones are durable before an old one is removed. */
import { forSegments, MOST_ROWS_OF_SEGMENT, mergeSegments, type Segment } from './index-segment.ts'
import type { Realm } from './realms.ts'
import { putSegment, readSegment, type SegmentInfo } from './store-view.ts'

/** Segments below an eighth of the most they may hold are joined when there are this many. */
const MANY_SMALL = 16

/**
 * Without these packs, and without those that are gone already. Reads only segments that mention a pack that goes, and
 * small ones when there are many. Corrupt segments go as well: the rows of their packs have been found in the packs'
 * tables and committed. Answers how many were replaced or removed.
 */
export async function rewriteSegments(realm: Realm, gone: ReadonlySet<string>): Promise<number> {
  const { index } = realm
  const corrupt = index.corruptSegments()
  const goes = (number: number): boolean =>
    index.packs.state(number) === 'gone' || gone.has(index.packs.at(number)?.id ?? '')
  const segments = index.segments()
  const affected = new Set(segments.filter(({ packs }) => packs.some(goes)))
  const small = segments.filter(segment => !affected.has(segment) && segment.rows < MOST_ROWS_OF_SEGMENT / 8)
  const old = [...affected, ...(small.length + affected.size >= MANY_SMALL ? small : [])]
  for (const batch of forSegments(old, ({ rows }) => rows)) await replace(realm, batch, goes)
  await realm.objectStore.remove(corrupt.map(realm.keys.segment))
  index.replaced(corrupt, [])
  return old.length + corrupt.length
}

async function replace(realm: Realm, batch: readonly SegmentInfo[], goes: (pack: number) => boolean) {
  const ids: string[] = []
  const old: Segment[] = []
  for (const { id } of batch) {
    const segment = await readSegment(realm, id)
    // It vanished or went bad since it was loaded: the next refresh notices.
    if (typeof segment === 'string') continue
    ids.push(id)
    old.push(segment)
  }
  const merged = mergeSegments(old, pack => goes(realm.index.packs.find(pack) ?? -1))
  const put = merged.packs.length > 0 ? [await putSegment(realm, realm.index.packs, merged)] : []
  await realm.objectStore.remove(ids.map(realm.keys.segment))
  realm.index.replaced(ids, put)
}
