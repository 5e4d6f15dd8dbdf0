/** Paging and sorting of lists (semantics 1.6). What comes in here has passed the contract check: numbers are numbers. */
import { refuse } from './errors.ts'

/** Rows of a page where the caller names no limit, and the most a page has. */
export const MOST_ROWS = 1000

export interface PagingQuery {
  readonly limit?: number
  readonly offset?: number
  readonly marker?: string
}

/** The slice asked for, as the catalog takes it. A limit above the most is capped, not refused. */
export function pageOf(query: PagingQuery, most: number = MOST_ROWS) {
  return {
    limit: Math.min(query.limit ?? most, most),
    offset: query.offset ?? 0,
    ...(query.marker !== undefined && { after: query.marker }),
  }
}

const LONGEST_SORT = 255

/**
 * `created_at:desc,name` as the catalog takes it; the direction is `desc` where none is given. Without a value: newest
 * first. Refuses 9900 for a key or direction that is not known.
 */
export function orderOf<K extends string>(
  sort: string | undefined,
  keys: readonly K[],
): readonly { readonly key: K | 'created_at'; readonly descending: boolean }[] {
  if (sort === undefined) return [{ key: 'created_at', descending: true }]
  if (sort.length > LONGEST_SORT) refuse('9900', { field: 'sort', longest: LONGEST_SORT })
  return sort.split(',').map(part => {
    const [name = '', direction = 'desc', ...rest] = part.trim().split(':')
    const key = keys.find(known => known === name)
    if (key === undefined) refuse('9900', { field: 'sort', key: name, known: keys })
    if ((direction !== 'asc' && direction !== 'desc') || rest.length > 0) refuse('9900', { field: 'sort', direction })
    return { key, descending: direction === 'desc' }
  })
}
