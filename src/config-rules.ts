/**
 * Rules that read one value of the configuration each, and note every mistake instead of stopping at the first. What a
 * rule answers after a mistake is meaningless; loadConfig gives nothing out while there are any.
 */

import { isIP } from 'node:net'

/** A place in the configuration such as `identity.embedded.domains[0].name`, and what is wrong there. */
export interface Mistake {
  readonly at: string
  readonly problem: string
}

export interface Reading {
  readonly mistakes: Mistake[]
  /** Resolves `{ env }` and `{ file }`; notes a mistake and answers an empty text when there is none. */
  readonly secret: (reference: { readonly env: string } | { readonly file: string }, at: string) => string
}

export interface Rule<T> {
  read(value: unknown, at: string, reading: Reading): T
  /** Of rules for groups of named fields. */
  readonly fields?: Readonly<Record<string, Rule<unknown>>>
  /** An environment variable is taken as it is, not as YAML. */
  readonly plain?: boolean
  readonly optional?: boolean
}

type Values<F extends Readonly<Record<string, Rule<unknown>>>> = {
  readonly [K in keyof F]: F[K] extends Rule<infer T> ? T : never
}

export const text = (fits?: RegExp, form?: string): Rule<string> => ({
  plain: true,
  read(value, at, reading) {
    // YAML reads an unquoted 0605 or true as a number or a truth value; the text is what was meant.
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return wrong(reading, at, 'must be a text')
    }
    const given = String(value)
    return fits && !fits.test(given) ? wrong(reading, at, `must be ${form ?? fits.source}, not '${given}'`) : given
  },
})

/** A text, or where to find it: `{ env: NAME }`, `{ file: PATH }`. */
export const secret = (): Rule<string> => ({
  plain: true,
  read(value, at, reading) {
    if (typeof value === 'string' && value !== '') return value
    if (isGroup(value) && Object.keys(value).length === 1) {
      if (typeof value.env === 'string') return reading.secret({ env: value.env }, at)
      if (typeof value.file === 'string') return reading.secret({ file: value.file }, at)
    }
    return wrong(reading, at, 'must be a text, { env: NAME } or { file: PATH }')
  },
})

/** An address, or one with the number of bits that make its network. */
export const network = (): Rule<string> => ({
  plain: true,
  read(value, at, reading) {
    const [address = '', bits = '0', ...more] = typeof value === 'string' ? value.split('/') : []
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    const fits = more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most
    return fits ? String(value) : wrong(reading, at, 'must be an address or a network')
  },
})

export const wholeNumber = (least: number, most: number): Rule<number> => ({
  read: (value, at, reading) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : wrong(reading, at, `must be a whole number from ${least} to ${most}`),
})

export const flag = (): Rule<boolean> => ({
  read: (value, at, reading) => (typeof value === 'boolean' ? value : wrong(reading, at, 'must be true or false')),
})

export const oneOf = <T extends string>(...words: readonly T[]): Rule<T> => ({
  plain: true,
  read: (value, at, reading) =>
    words.find(word => word === value) ?? wrong(reading, at, `must be one of ${words.join(', ')}`),
})

/** Passed on as it is: somebody else's format. */
export const anything = (): Rule<unknown> => ({ read: value => value })

export const list = <T>(of: Rule<T>): Rule<readonly T[]> => ({
  read: (value, at, reading) =>
    Array.isArray(value)
      ? value.map((item, index) => of.read(item, `${at}[${index}]`, reading))
      : wrong(reading, at, 'must be a list'),
})

/** Names of the operator's own choosing. */
export const named = <T>(of: Rule<T>): Rule<Readonly<Record<string, T>>> => ({
  read: (value, at, reading) =>
    isGroup(value)
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, of.read(item, `${at}.${name}`, reading)]))
      : wrong(reading, at, 'must be a group of names'),
})

export const optional = <T>(rule: Rule<T>): Rule<T | undefined> => ({
  ...rule,
  optional: true,
  read: (value, at, reading) => (value === undefined || value === null ? undefined : rule.read(value, at, reading)),
})

export const group = <F extends Readonly<Record<string, Rule<unknown>>>>(fields: F): Rule<Values<F>> => ({
  fields,
  read(value, at, reading) {
    if (!isGroup(value)) return wrong(reading, at, 'must be a group of keys')
    for (const key of Object.keys(value).filter(key => !Object.hasOwn(fields, key))) {
      const near = nearest(key, Object.keys(fields))
      wrong(reading, inside(at, key), `there is no such key; the nearest is '${near}'`)
    }
    return Object.fromEntries(
      Object.entries(fields).map(([key, rule]) => {
        const missing = !rule.optional && (value[key] === undefined || value[key] === null)
        return [
          key,
          missing ? wrong(reading, inside(at, key), 'is missing') : rule.read(value[key], inside(at, key), reading),
        ]
      }),
    ) as Values<F>
  },
})

export const inside = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`)

export const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Notes the mistake. What it answers is never used (top of this file), so it may stand for any value. */
function wrong(reading: Reading, at: string, problem: string): never {
  reading.mistakes.push({ at, problem })
  return undefined as never
}

/** The known name with the fewest letters to change. */
export function nearest(name: string, known: readonly string[]): string {
  const byDistance = known.map(other => ({ other, distance: distance(name.toLowerCase(), other.toLowerCase()) }))
  return byDistance.reduce((best, next) => (next.distance < best.distance ? next : best)).other
}

/** Levenshtein's. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, against] of [...other].entries()) {
      const change = (row[j] ?? 0) + (letter === against ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
