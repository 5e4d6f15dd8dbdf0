/**
 * What the vendor's file and an OpenAPI document each say, brought to the same words so that they can be laid side by side:
 * one line per operation, body, parameter, field of an answer and field of a schema. Reads both as they lie there, and
 * nothing of the tables that the service is made of.
 */

/** By place (`ListVault ?status`, `Vault.name`): what is said there (`string required among a, b`). */
export type Facts = ReadonlyMap<string, string>

interface VendorField {
  readonly type: string
  readonly required?: boolean
  readonly enum?: readonly string[]
}
type VendorFields = Readonly<Record<string, VendorField>>

/** `contract/cbr-v3.json`. */
export interface VendorFile {
  readonly operations: readonly {
    readonly operation: string
    readonly method: string
    readonly path: string
    readonly body?: string
    readonly query_schema?: VendorFields
    readonly response: VendorFields
  }[]
  readonly schemas: Readonly<Record<string, VendorFields>>
}

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly nullable?: boolean
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>

/** As much of an OpenAPI document as is compared. */
export interface Published {
  readonly paths: Readonly<Record<string, Readonly<Record<string, PublishedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}
interface PublishedOperation {
  readonly operationId: string
  readonly parameters: readonly {
    readonly in: string
    readonly name: string
    readonly required: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

const statement = (type: string, required: boolean, among: readonly string[] = []): string =>
  [type, required ? 'required' : '', among.length > 0 ? `among ${[...among].sort().join(', ')}` : '']
    .filter(part => part !== '')
    .join(' ')

export function vendorFacts({ operations, schemas }: VendorFile): Facts {
  const facts = new Map<string, string>()
  const note = (place: string, { type, required = false, enum: among }: VendorField): void => {
    // One enum carries quotes inside its values; a Date is a string on the wire; a map says what its values are.
    const plain = among?.map(word => word.replaceAll(/[\\"]/g, ''))
    facts.set(place, statement(type === 'Date' ? 'string' : type.startsWith('{') ? 'object' : type, required, plain))
  }
  for (const { operation, method, path, body, query_schema: query = {}, response } of operations) {
    facts.set(operation, `${method} ${path}`)
    for (const [, name] of path.matchAll(/\{(\w+)\}/g)) facts.set(`${operation} /${name}`, 'string required')
    if (body !== undefined) facts.set(`${operation} body`, `${body} required`)
    for (const [name, field] of Object.entries(query)) note(`${operation} ?${name}`, field)
    for (const [name, field] of Object.entries(response)) note(`${operation} answer ${name}`, field)
  }
  for (const [schema, fields] of Object.entries(schemas)) {
    facts.set(schema, 'object')
    for (const [name, field] of Object.entries(fields)) note(`${schema}.${name}`, field)
  }
  return facts
}

export function publishedFacts({ paths, components }: Published): Facts {
  const facts = new Map<string, string>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      facts.set(operation.operationId, `${method.toUpperCase()} ${path}`)
      for (const [place, fact] of operationFacts(operation)) facts.set(`${operation.operationId} ${place}`, fact)
    }
  }
  for (const [name, schema] of Object.entries(components.schemas)) {
    facts.set(name, typeOf(schema))
    for (const [field, fact] of fieldFacts(schema)) facts.set(`${name}.${field}`, fact)
  }
  return facts
}

function* operationFacts({ parameters, requestBody, responses }: PublishedOperation): Iterable<[string, string]> {
  for (const { in: where, name, required, schema } of parameters)
    yield [`${where === 'path' ? '/' : where === 'query' ? '?' : where}${name}`, factOf(schema, required)]
  if (requestBody) yield ['body', factOf(onlyJson(requestBody.content), requestBody.required)]
  for (const [status, { content }] of Object.entries(responses)) {
    if (!status.startsWith('2') || !content) continue
    const schema = onlyJson(content)
    if (schema.properties === undefined) yield ['answer body', factOf(schema, false)]
    else for (const [name, fact] of fieldFacts(schema)) yield [`answer ${name}`, fact]
  }
}

function onlyJson(content: Content): Schema {
  const schema = content['application/json']?.schema
  if (!schema || Object.keys(content).length > 1) throw new Error('a body that is not JSON alone')
  return schema
}

const fieldFacts = ({ properties = {}, required = [] }: Schema): readonly [string, string][] =>
  Object.entries(properties).map(([name, schema]) => [name, factOf(schema, required.includes(name))])

const factOf = (schema: Schema, required: boolean): string =>
  statement(typeOf(schema), required, schema.enum ?? schema.items?.enum)

/** In the vendor's words. */
function typeOf({ $ref, type, items = {}, nullable, anyOf }: Schema): string {
  if ($ref !== undefined) return $ref.replace('#/components/schemas/', '')
  if (type === 'array') return `Array<${typeOf(items)}>`
  const plain = type === 'integer' ? 'number' : String(type)
  const choice = anyOf ? ` with ${anyOf.map(({ required = [] }) => required.join(' and ')).join(' or ')}` : ''
  return `${plain}${nullable ? ' or null' : ''}${choice}`
}

/** By place, what the one and the other say where they do not say the same. */
export function differences(vendor: Facts, published: Facts): Readonly<Record<string, string>> {
  const places = [...new Set([...vendor.keys(), ...published.keys()])].sort()
  return Object.fromEntries(
    places
      .map((place): [string, string | undefined, string | undefined] => [
        place,
        vendor.get(place),
        published.get(place),
      ])
      .filter(([, theirs, ours]) => theirs !== ours)
      .map(([place, theirs = 'nothing', ours = 'nothing']) => [place, `${theirs} -> ${ours}`]),
  )
}
