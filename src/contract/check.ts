/**
 * Holds what a caller sent to the contract: the vendor's definitions (operations.gen.ts) with the limits of limits.ts
 * over them. Everything that does not fit is refused with 9900 and the field's name. Unknown fields of a body and
 * unknown query parameters are ignored; `null` for an optional field and an empty query value count as not given, but for
 * the few fields that `null` switches off (semantics 1.3 to 1.6, client-notes 4.10).
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { type About, refuse } from './errors.ts'
import { definitions, fieldSchema, type SchemaStyle } from './json-schema.ts'
import { missing, mostRows, pathLimits, queryLimits } from './limits.ts'
import { type FieldShape, type OperationId, type Operations, operations, schemas } from './operations.gen.ts'
import { MOST_ROWS } from './paging.ts'
import { respelled } from './spellings.ts'

/** Query values as they came: a parameter given several times is an array. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>

export interface ContractCheck {
  bodyOf<O extends OperationId>(operation: O, raw: Uint8Array | undefined): Operations[O]['body']
  queryOf<O extends OperationId>(operation: O, given: RawQuery): Operations[O]['query']
  /** Refuses values of path parameters that have a fixed set, and such as no engine stores. */
  pathOf<O extends OperationId>(operation: O, given: Readonly<Record<string, string>>): Operations[O]['path']
}

const ACCEPTED: SchemaStyle = { refer: name => name, published: false }

/** Schemas are compiled at an operation's first call and kept: compiling all takes a noticeable part of the start. */
export function contractCheck(): ContractCheck {
  const ajv = new Ajv({ strict: false, allErrors: false, messages: true, ownProperties: true })
  for (const [name, schema] of Object.entries(definitions(ACCEPTED))) ajv.addSchema(schema, name)
  const bodies = new Map<OperationId, ValidateFunction>()
  const queries = new Map<OperationId, readonly QueryField[]>()
  return {
    bodyOf(operation, raw) {
      const name = operations[operation].body
      if (name === undefined) return undefined as Operations[typeof operation]['body']
      const body = respelled(operation, parsed(raw))
      const check = kept(bodies, operation, () => ajv.compile({ $ref: name }))
      if (!check(body)) refuse('9900', complaint(check.errors?.[0]))
      return body as Operations[typeof operation]['body']
    },
    queryOf(operation, given) {
      const fields = kept(queries, operation, () => queryFields(operation, ajv))
      return queryValues(fields, given) as Operations[typeof operation]['query']
    },
    pathOf(_operation, given) {
      for (const [name, value] of Object.entries(given)) {
        if (value.includes('\0')) refuse(missing[name] ?? '9900', { [name]: JSON.stringify(value) })
        const known = pathLimits[name]?.enum
        if (known && !known.includes(value)) refuse('9900', { [name]: `must be one of ${known.join(', ')}` })
      }
      return given as Operations[typeof _operation]['path']
    },
  }
}

function kept<K, V>(held: Map<K, V>, key: K, make: () => V): V {
  const found = held.get(key)
  if (found !== undefined) return found
  const made = make()
  held.set(key, made)
  return made
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The body as JSON, without nulls in objects. Bytes that are no UTF-8, U+0000 in a text (no engine stores it): 9900. */
function parsed(raw: Uint8Array | undefined): unknown {
  if (raw === undefined || raw.length === 0) refuse('9900', { body: 'is missing' })
  try {
    const text = decoder.decode(raw)
    return NEEDS_CARE.test(text) ? JSON.parse(text, careful) : JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) refuse('9900', { body: 'is not JSON' })
    throw error
  }
}

/** Most bodies have nothing to adjust; parsing without a reviver is several times faster. */
const NEEDS_CARE = /null|"enterprise_project_id"|\\u0000/

/** Fields in which `null` means something. */
const NULLABLE: ReadonlySet<string> = new Set(
  Object.values(schemas).flatMap(shape => Object.keys(shape).filter(name => shape[name]?.nullable)),
)

function careful(this: unknown, key: string, value: unknown): unknown {
  if (value === null && !Array.isArray(this) && !NULLABLE.has(key)) return undefined
  if (key === 'enterprise_project_id' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'string' && value.includes('\0')) refuse('9900', { [key]: 'must not contain U+0000' })
  return value
}

/** The first thing that does not fit, in words a caller can act on. */
function complaint(error: ErrorObject | undefined, base = 'body'): About {
  if (!error) return { [base]: 'does not fit' }
  const at = error.instancePath.slice(1).replaceAll('/', '.')
  const missing: unknown = error.params.missingProperty
  const field = [at, typeof missing === 'string' ? missing : ''].filter(part => part !== '').join('.') || base
  if (typeof missing === 'string') return { [field]: 'is missing' }
  const known: unknown = error.params.allowedValues
  const among = Array.isArray(known) ? `: ${known.join(', ')}` : ''
  return { [field]: `${error.message ?? 'does not fit'}${among}` }
}

interface QueryField {
  readonly name: string
  readonly repeatable: boolean
  readonly required: boolean
  readonly read: (text: string) => unknown
}

function queryFields(operation: OperationId, ajv: Ajv): readonly QueryField[] {
  return Object.entries(operations[operation].query).map(([name, field]) => {
    const limit = queryLimits[`${operation}.${name}`] ?? {}
    const type = /^Array<(.+)>$/.exec(field.type)?.[1]
    return {
      name,
      repeatable: type !== undefined,
      required: field.required === true && !limit.optional,
      read: reader(operation, name, { ...field, type: type ?? field.type }, ajv),
    }
  })
}

function reader(operation: OperationId, name: string, field: FieldShape, ajv: Ajv): (text: string) => unknown {
  if (name === 'limit') return text => Math.min(whole(name, text, 1), mostRows[operation] ?? MOST_ROWS)
  if (name === 'offset') return text => whole(name, text, 0)
  const check = ajv.compile(fieldSchema(field, queryLimits[`${operation}.${name}`] ?? {}, ACCEPTED))
  return text => {
    if (text.includes('\0')) refuse('9900', { [name]: 'must not contain U+0000' })
    const value = converted(name, text, field.type)
    if (!check(value)) refuse('9900', complaint(check.errors?.[0], name))
    return value
  }
}

function converted(name: string, text: string, type: string): unknown {
  if (type === 'number') return whole(name, text, Number.MIN_SAFE_INTEGER)
  if (type !== 'boolean') return text
  const word = text.toLowerCase()
  if (word !== 'true' && word !== 'false') refuse('9900', { [name]: 'must be true or false' })
  return word === 'true'
}

function whole(name: string, text: string, least: number): number {
  const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!(value >= least))
    refuse('9900', { [name]: `must be a whole number${least > Number.MIN_SAFE_INTEGER ? ` from ${least}` : ''}` })
  return value
}

function queryValues(fields: readonly QueryField[], given: RawQuery): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { name, repeatable, required, read } of fields) {
    const raw = given[name]
    const texts = (typeof raw === 'string' ? [raw] : (raw ?? [])).filter(text => text !== '')
    if (texts.length === 0 && required) refuse('9900', { [name]: 'is missing' })
    if (texts.length > 1 && !repeatable) refuse('9900', { [name]: 'is given more than once' })
    const [first] = texts
    if (first !== undefined) values[name] = repeatable ? texts.map(read) : read(first)
  }
  return values
}
