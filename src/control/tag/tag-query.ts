/** The conditions of ShowVaultResourceInstances (semantics 12), read from its body; all of them must hold. */
import { refuse } from '../../contract/errors.ts'
import type { Match, TagsReq, VaultResourceInstancesReq } from '../../contract/operations.gen.ts'
import { MOST_ROWS, pageOf } from '../../contract/paging.ts'
import type { Page } from '../../ports/catalog/listing.ts'
import type { CleanTag } from './tag-rules.ts'

const MOST_KEYS = 20
const MOST_VALUES = 20

/** Numbers come as strings in this body. A limit above the most is capped. */
export function pageAsked({ limit, offset }: VaultResourceInstancesReq): Page {
  return pageOf({
    limit: numberIn('limit', limit ?? String(MOST_ROWS), 1),
    offset: numberIn('offset', offset ?? '0', 0),
  })
}

function numberIn(field: string, text: string, least: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  return number >= least ? number : refuse('9900', { [field]: text })
}

/** Whether a vault of this name with these tags is asked for. */
export type Wanted = (name: string, tags: readonly CleanTag[]) => boolean

/** 9900 for a key named twice, too many keys or values, and an unknown key to match. */
export function conditionOf(body: VaultResourceInstancesReq): Wanted {
  const all = checked('tags', body.tags)
  const any = checked('tags_any', body.tags_any)
  const notAll = checked('not_tags', body.not_tags)
  const notAny = checked('not_tags_any', body.not_tags_any)
  const names = (body.matches ?? []).map(nameCondition)
  const tagged = (tags: readonly CleanTag[]): boolean =>
    body.without_any_tag
      ? tags.length === 0
      : all.every(has(tags)) &&
        (any.length === 0 || any.some(has(tags))) &&
        (notAll.length === 0 || !notAll.every(has(tags))) &&
        !notAny.some(has(tags))
  return (name, tags) => names.every(fits => fits(name)) && tagged(tags)
}

function checked(field: string, tags: readonly TagsReq[] | undefined): readonly TagsReq[] {
  const asked = tags ?? []
  if (asked.length > MOST_KEYS) refuse('9900', { [field]: asked.length, most: MOST_KEYS })
  if (new Set(asked.map(tag => tag.key)).size < asked.length) refuse('9900', { [field]: 'a key is named twice' })
  const crowded = asked.find(({ values }) => values.length > MOST_VALUES)
  if (crowded !== undefined) refuse('9900', { [field]: crowded.key, 'most values': MOST_VALUES })
  return asked
}

/** No values: any value. A value that begins with `*` is contained, any other one is equal. */
const has =
  (tags: readonly CleanTag[]) =>
  ({ key, values }: TagsReq): boolean =>
    tags.some(
      tag =>
        tag.key === key &&
        (values.length === 0 ||
          values.some(value => (value.startsWith('*') ? tag.value.includes(value.slice(1)) : tag.value === value))),
    )

/** An empty value finds empty names only, which no vault has. */
function nameCondition({ key, value }: Match): (name: string) => boolean {
  if (key !== 'resource_name') refuse('9900', { 'matches key': key, known: 'resource_name' })
  return name => (value === '' ? name === '' : name.includes(value))
}
