/** Compares the shape of an answer with a documented one: keys and JSON types, not values. */

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value)
const isObject = (value: unknown): value is Record<string, unknown> => kindOf(value) === 'object'

/**
 * Where the answer lacks a key that the document shows with a value, or has it with another type. `absent` are places
 * (`backups[].expired_at`) at which the answer rightly has no value.
 */
export function differences(
  documented: unknown,
  answer: unknown,
  absent: readonly string[],
  at = '',
): readonly string[] {
  if (documented === null || documented === undefined) return []
  if (kindOf(documented) !== kindOf(answer)) return [`${at} is ${kindOf(answer)}, documented ${kindOf(documented)}`]
  if (Array.isArray(documented) && Array.isArray(answer)) {
    // Documented elements may show different keys each; together they are what an element may have.
    const element = isObject(documented[0]) ? Object.assign({}, ...documented) : documented[0]
    return answer.flatMap(item => differences(element, item, absent, `${at}[]`))
  }
  if (!isObject(documented) || !isObject(answer)) return []
  return Object.entries(documented).flatMap(([key, value]) => {
    const place = at === '' ? key : `${at}.${key}`
    if (value === null || absent.includes(place)) return []
    return key in answer ? differences(value, answer[key], absent, place) : [`${place} is missing`]
  })
}
