/** Rules of vault tags (semantics 12). Blanks around keys and values do not count. */
import { refuse } from '../../contract/errors.ts'
import type { Tag } from '../../contract/operations.gen.ts'

export const MOST_TAGS = 20

/** A tag as it is kept: trimmed, with a value, if only an empty one. */
export interface CleanTag {
  readonly key: string
  readonly value: string
}

/** Letters, digits, CJK, `_`, `-`; blanks and `+` too, since real clients send them (client-notes 4.19). */
const KEY = /^[\w\-+ \u4e00-\u9fa5\uf900-\ufa2d]{1,36}$/
const VALUE = /^[\w\-+. \u4e00-\u9fa5\uf900-\ufa2d]{0,43}$/

/** Trims; refuses with 9900 what a tag may not hold. */
export function cleanTag(tag: Tag): CleanTag {
  const key = tag.key.trim()
  const value = (tag.value ?? '').trim()
  if (!KEY.test(key)) refuse('9900', { 'tag key': key, allowed: '1 to 36 letters, digits, _ and -' })
  if (!VALUE.test(value)) refuse('9900', { 'tag value': value, allowed: 'up to 43 letters, digits, _, - and .' })
  return { key, value }
}

/** Tags to be set together: each clean, no key twice (9900), not more than a vault may have (6600). */
export function cleanTags(tags: readonly Tag[]): readonly CleanTag[] {
  const clean = tags.map(cleanTag)
  const keys = clean.map(tag => tag.key)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined) refuse('9900', { 'tag key named twice': twice })
  if (clean.length > MOST_TAGS) refuse('6600', { tags: clean.length })
  return clean
}

/** 6600 when a vault with these tags would have too many; a key that is there already is overwritten. */
export function checkRoomForTags(present: readonly CleanTag[], added: readonly CleanTag[]): void {
  const keys = new Set([...present, ...added].map(tag => tag.key))
  if (keys.size > MOST_TAGS) refuse('6600', { tags: keys.size })
}

const LONGEST_KEY = 127
const LONGEST_VALUE = 255

/** Which of the present keys a deletion names: by key, and by value where one is given. Missing ones are ignored. */
export function keysToDelete(present: readonly CleanTag[], named: readonly Tag[]): readonly string[] {
  for (const { key, value } of named) {
    if (key.length > LONGEST_KEY || (value ?? '').length > LONGEST_VALUE) refuse('9900', { 'tag key': key })
  }
  const wanted = named.map(({ key, value }) => ({ key: key.trim(), value: value?.trim() }))
  return present
    .filter(tag => wanted.some(({ key, value }) => key === tag.key && (value === undefined || value === tag.value)))
    .map(tag => tag.key)
}
