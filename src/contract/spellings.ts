/** Bodies that come in two spellings, brought to the one of the schema (semantics 24.1 #26 and #37). */
import type { OperationId } from './operations.gen.ts'

/** The schema's spelling of a body; where a field comes in both, the schema's own counts. */
export function respelled(operation: OperationId, body: unknown): unknown {
  if (operation === 'CopyCheckpoint') return named(body, 'replicate', 'checkpoint')
  return SNAKE_CASE.has(operation) ? inSnakeCase(body) : body
}

/** One client has another name for the field that holds everything. */
function named(body: unknown, name: string, other: string): unknown {
  if (typeof body !== 'object' || body === null || name in body || !(other in body)) return body
  return { [name]: (body as Readonly<Record<string, unknown>>)[other] }
}

/** Their schema is in snake_case, their documented example in camelCase. */
const SNAKE_CASE: ReadonlySet<OperationId> = new Set(['ChangeOrder'])

function inSnakeCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const fields = Object.entries(value).map(([key, inner]) => [snakeCase(key), inSnakeCase(inner), key] as const)
  const [own, other] = [fields.filter(([name, , key]) => name === key), fields.filter(([name, , key]) => name !== key)]
  return Object.fromEntries([...other, ...own].map(([name, inner]) => [name, inner]))
}

/** `cloudServiceConsoleURL` is `cloud_service_console_url`. */
const snakeCase = (key: string): string =>
  key.replaceAll(/(?<=[a-z0-9])[A-Z]+/g, capitals => `_${capitals}`).toLowerCase()
