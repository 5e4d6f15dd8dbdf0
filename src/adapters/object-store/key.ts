/** Keys come from inside the house, but a realm's name in them may not: what does not fit never reaches a path. */

const segment = /^(?!\.{1,2}$)[a-z0-9._-]{1,200}$/
const prefixShape = /^[a-z0-9._/-]*$/
const longestKey = 800

export const isKey = (key: string): boolean =>
  key.length <= longestKey && key.split('/').every(part => segment.test(part))

/** Throws a RangeError unless it is a key (ports/object-store.ts). */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new RangeError(`not an object key: ${JSON.stringify(key)}`)
}

/** Throws a RangeError unless some key can begin like this. */
export function checkPrefix(prefix: string): void {
  const whole = prefix.split('/').slice(0, -1)
  if (prefix.length > longestKey || !prefixShape.test(prefix) || !whole.every(part => segment.test(part)))
    throw new RangeError(`not the beginning of an object key: ${JSON.stringify(prefix)}`)
}

/** Throws a RangeError unless a range can be meant by these. */
export function checkRange(offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw new RangeError(`not a range: ${length} bytes from ${offset}`)
}

/** The folders a key lies in, outermost first: `a/b/c` lies in `a` and `a/b`. */
export function foldersOf(key: string): readonly string[] {
  const parts = key.split('/')
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'))
}
