/** What the tests of listings share: small values, plain sorting, and a walk through all pages. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Listing, Order, Page } from '../../ports/catalog/listing.ts'
import { at } from './samples.ts'

export const RUNS = 40
export type Of<A> = A extends fc.Arbitrary<infer T> ? T : never

// Few values each, so that filters hit, and orders tie.
export const NAMES = ['a', 'B', 'é', '\u{e000}', '💾', ''] as const
export const moments = fc.integer({ min: 0, max: 4 }).map(at)
export const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
/** A record of the fields that came out with a value. */
export const given = <T extends object>(
  fields: {
    readonly [K in keyof T]: fc.Arbitrary<T[K] | undefined>
  },
): fc.Arbitrary<T> =>
  fc
    .record<Record<string, unknown>>(fields)
    .map(record => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T)

/** For filters: mostly not given, or nothing would be found. */
export const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })

type Ask<T> = (page: Page) => Promise<Listing<T>>

/** Walks through a listing by offset and by marker, and asks for what is not there. */
export async function checkPages<T>(ask: Ask<T>, expected: readonly T[], limit: number, idOf: (row: T) => string) {
  const total = expected.length
  for (let offset = 0; offset <= total + 1; offset += limit) {
    assert.deepEqual(await ask({ limit, offset }), { rows: expected.slice(offset, offset + limit), total })
  }
  for (let from = 0; from < total; from += limit) {
    const after = idOf(expected[from] as T)
    assert.deepEqual(await ask({ limit, offset: 0, after }), {
      rows: expected.slice(from + 1, from + 1 + limit),
      total,
    })
    assert.deepEqual(await ask({ limit, offset: 1, after }), {
      rows: expected.slice(from + 2, from + 2 + limit),
      total,
    })
  }
  assert.deepEqual(await ask({ limit, offset: 0, after: randomUUID() }), { rows: [], total })
}

type Key = string | number | Date | undefined

/** By code point, absent first; dates by time. */
function compare(one: Key, other: Key): number {
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other))
  return Number(one ?? -1) - Number(other ?? -1)
}

export const sorted = <T>(
  rows: readonly T[],
  keys: readonly { readonly of: (row: T) => Key; readonly descending: boolean }[],
) =>
  rows.toSorted((one, other) => {
    for (const { of, descending } of keys) {
      const difference = compare(of(one), of(other))
      if (difference !== 0) return descending ? -difference : difference
    }
    return 0
  })

const camel = (key: string) => key.replace(/_./g, part => part.slice(1).toUpperCase())
export const keysOf = <T>(orders: readonly Order<string>[], get: (row: T) => object) =>
  [...orders, { key: 'id', descending: false }].map(({ key, descending }) => ({
    of: (row: T) => get(row)[camel(key) as keyof object] as Key,
    descending,
  }))
export const NEWEST = [{ key: 'created_at', descending: true }] as const

export const orders = <K extends string>(...keys: readonly K[]): fc.Arbitrary<readonly Order<K>[]> =>
  fc.array(fc.record({ key: fc.constantFrom(...keys), descending: fc.boolean() }), { maxLength: 3 })

export const limits = fc.integer({ min: 1, max: 6 })

/** Whether every field that the filter gives equals the record's. */
export const fits = (record: object, fields: object) =>
  Object.entries(fields).every(
    ([name, value]) => value === undefined || (record as Readonly<Record<string, unknown>>)[name] === value,
  )
