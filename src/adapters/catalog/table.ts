/**
 * How records become rows, the same on both engines: names in snake_case, a Date as whole milliseconds, a boolean as
 * 0 or 1, an object as JSON text, an absent field as null.
 */

type Kind<T> = [T] extends [Date]
  ? 'time'
  : [T] extends [boolean]
    ? 'flag'
    : [T] extends [number]
      ? 'number'
      : [T] extends [string]
        ? 'text'
        : 'json'
type Stored<T> = T extends Date | boolean | number ? number : string
type IsOptional<T, K extends keyof T> = Record<never, never> extends Pick<T, K> ? true : false
type Snake<S extends string> = S extends `${infer Head}${infer Rest}`
  ? `${Head extends Lowercase<Head> ? '' : '_'}${Lowercase<Head>}${Snake<Rest>}`
  : ''

/** The kind of every field, `?` behind the optional ones: wrong or missing ones do not compile. */
export type Kinds<T> = {
  readonly [K in keyof T]-?: IsOptional<T, K> extends true ? `${Kind<NonNullable<T[K]>>}?` : Kind<T[K]>
}

/** The row of a record. */
export type RowOf<T> = {
  readonly [K in keyof T & string as Snake<K>]-?: IsOptional<T, K> extends true
    ? Stored<NonNullable<T[K]>> | null
    : Stored<T[K]>
}

/** The columns a patch sets. */
export type Changes<T> = { readonly [C in keyof RowOf<T>]?: RowOf<T>[C] }

export type Value = string | number | null

export interface Table<T> {
  readonly columns: readonly string[]
  /** In the order of `columns`. */
  toValues(record: T): readonly Value[]
  toRow(record: T): RowOf<T>
  toRecord(row: RowOf<T>): T
  /** Only what the patch names; `null` empties, `undefined` counts as not named. */
  toChanges(patch: { readonly [K in keyof T]?: T[K] | null }): Changes<T>
}

interface Field {
  readonly name: string
  readonly column: string
  readonly store: (value: unknown) => Value
  readonly load: (stored: Value) => unknown
}

const same = (value: unknown): Value => value as Value
const conversions: Readonly<Record<string, Pick<Field, 'store' | 'load'>>> = {
  text: { store: same, load: same },
  number: { store: same, load: same },
  flag: { store: value => (value ? 1 : 0), load: stored => stored === 1 },
  time: { store: value => (value as Date).getTime(), load: stored => new Date(stored as number) },
  json: { store: value => JSON.stringify(value), load: stored => JSON.parse(stored as string) },
}

function fieldOf(name: string, kind: string): Field {
  const conversion = conversions[kind.replace('?', '')]
  if (!conversion) throw new Error(`no column kind ${kind}`)
  return { name, column: name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), ...conversion }
}

/** The one place where types are asserted: `Kinds` has checked that the fields and their kinds are those of the record. */
export function table<T>(kinds: Kinds<T>): Table<T> {
  const fields = Object.entries<string>(kinds).map(([name, kind]) => fieldOf(name, kind))
  const stored = (record: T, { name, store }: Field): Value => {
    const value = record[name as keyof T]
    return value === undefined ? null : store(value)
  }
  return {
    columns: fields.map(({ column }) => column),
    toValues: record => fields.map(field => stored(record, field)),
    toRow: record => Object.fromEntries(fields.map(field => [field.column, stored(record, field)])) as RowOf<T>,
    toRecord(row) {
      const record: Record<string, unknown> = {}
      for (const { name, column, load } of fields) {
        const stored = row[column as keyof RowOf<T>] as Value
        if (stored !== null) record[name] = load(stored)
      }
      return record as T
    },
    toChanges(patch) {
      const changes: Record<string, Value> = {}
      for (const { name, column, store } of fields) {
        const value = patch[name as keyof T]
        if (value !== undefined) changes[column] = value === null ? null : store(value)
      }
      return changes as Changes<T>
    },
  }
}
