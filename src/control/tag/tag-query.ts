/** The conditions of ShowVaultResourceInstances (semantics 12), read from its body; all of them must hold. */
import { refuse } from '../../contract/errors.ts'
import type { TagsReq, VaultResourceInstancesReq } from '../../contract/operations.gen.ts'
import { pageOf } from '../../contract/paging.ts'
import type { Page } from '../../ports/catalog/listing.ts'
import type { CleanTag } from './tag-rules.ts'

/** Numbers come as strings in this body. A limit above the most is capped. */
export const pageAsked = ({ limit, offset }: VaultResourceInstancesReq): Page =>
  pageOf({
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(offset !== undefined && { offset: Number(offset) }),
  })

/** Whether a vault of this name with these tags is asked for. */
export type Wanted = (name: string, tags: readonly CleanTag[]) => boolean

/** 9900 for a key named twice. */
export function conditionOf(body: VaultResourceInstancesReq): Wanted {
  const all = checked('tags', body.tags)
  const any = checked('tags_any', body.tags_any)
  const notAll = checked('not_tags', body.not_tags)
  const notAny = checked('not_tags_any', body.not_tags_any)
  const names = (body.matches ?? []).map(match => match.value)
  const tagged = (tags: readonly CleanTag[]): boolean =>
    body.without_any_tag
      ? tags.length === 0
      : all.every(has(tags)) &&
        (any.length === 0 || any.some(has(tags))) &&
        (notAll.length === 0 || !notAll.every(has(tags))) &&
        !notAny.some(has(tags))
  return (name, tags) => names.every(value => fits(name, value)) && tagged(tags)
}

function checked(field: string, tags: readonly TagsReq[] = []): readonly TagsReq[] {
  if (new Set(tags.map(tag => tag.key)).size < tags.length) refuse('9900', { [field]: 'a key is named twice' })
  return tags
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

/** The name contains the value; an empty value finds empty names only, which no vault has. */
const fits = (name: string, value: string): boolean => (value === '' ? name === '' : name.includes(value))
