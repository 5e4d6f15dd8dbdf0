import type { Page } from '../ports/catalog/listing.ts'

/** The slice of a list that is in memory already, by the promises of `Page`. */
export function pageSlice<T extends { readonly id: string }>(rows: readonly T[], page: Page): readonly T[] {
  const { after, offset, limit } = page
  const found = rows.findIndex(row => row.id === after)
  if (after !== undefined && found < 0) return []
  const from = offset + (after === undefined ? 0 : found + 1)
  return rows.slice(from, from + limit)
}
