/** The vendor's definitions (operations.gen.ts) with the limits of limits.ts over them, as JSON Schema. */
import { bodyLimits, type Limit } from './limits.ts'
import { type FieldShape, type Shape, schemas } from './operations.gen.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

export interface SchemaStyle {
  /** How one definition refers to another. */
  readonly refer: (name: string) => string
  /**
   * What the vendor publishes, for documents; else what is accepted, for checks: fields whose wrong values have a code of
   * their own are left open.
   */
  readonly published: boolean
}

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  // Timestamps come in several forms (semantics 1.4); the rules read them.
  Date: { type: 'string' },
  // Every number of the API is whole but one, which says so in limits.ts.
  number: { type: 'integer' },
  boolean: { type: 'boolean' },
  object: { type: 'object' },
}

/** All definitions of the contract, by name. */
export const definitions = (style: SchemaStyle): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(Object.entries(schemas).map(([name, shape]) => [name, objectSchema(name, shape, style)]))

function objectSchema(name: string, shape: Shape, style: SchemaStyle): JsonSchema {
  const limitOf = (field: string): Limit => bodyLimits[`${name}.${field}`] ?? {}
  const fields = Object.entries(shape).filter(([field]) => style.published || !limitOf(field).loose)
  const required = fields.filter(([field, { required }]) => required && (style.published || !limitOf(field).optional))
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([field, shape]) => [field, fieldSchema(shape, limitOf(field), style)])),
    ...(required.length > 0 && { required: required.map(([field]) => field) }),
    // semantics 24.1 #2
    ...(name === 'AddMembersReq' && { anyOf: [{ required: ['members'] }, { required: ['domains'] }] }),
  }
}

/** `enum: []` in a limit lifts the vendor's enum from checks; other keywords lie over what the definition says. */
export function fieldSchema(field: FieldShape, limit: Limit, style: SchemaStyle): JsonSchema {
  const { enum: lifted, items, optional: _optional, loose: _loose, ...own } = limit
  const element = /^Array<(.+)>$/.exec(field.type)?.[1]
  if (element !== undefined) {
    return { type: 'array', items: fieldSchema({ ...field, type: element }, items ?? pick(lifted), style), ...own }
  }
  if (field.type.startsWith('{')) return { type: 'object' }
  const scalar = SCALARS[field.type]
  if (scalar === undefined) return { $ref: style.refer(field.type) }
  const among = lifted === undefined || (style.published && lifted.length === 0) ? (field.enum ?? []) : lifted
  return { ...scalar, ...(field.nullable && { nullable: true }), ...(among.length > 0 && { enum: among }), ...own }
}

const pick = (among: readonly string[] | undefined): Limit => (among === undefined ? {} : { enum: among })
