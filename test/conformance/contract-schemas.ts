import { Ajv, type ValidateFunction } from 'ajv'
import type { OperationId } from '../../src/contract/operations.gen.ts'
import { operations } from '../../src/contract/operations.gen.ts'
import { successStatus } from '../../src/contract/statuses.ts'
import { openApi } from '../../src/http/openapi.ts'

/** Problems of an answer by the published schema of its operation: mandatory fields, types, enums, unknown fields. */
export function answerSchemas(): (operation: OperationId, answer: unknown) => readonly string[] {
  const ajv = new Ajv({ strict: false, allErrors: true })
  ajv.addSchema({ $id: 'document', ...closed(openApi({})) })
  const held = new Map<OperationId, ValidateFunction>()
  return (operation, answer) => {
    const { method, path } = operations[operation]
    const place = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      successStatus(operation),
      'content',
      'application/json',
      'schema',
    ]
    const pointer = place
      .map(part => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    const check = held.get(operation) ?? ajv.compile({ $ref: `document#/${pointer}` })
    held.set(operation, check)
    check(answer)
    return (check.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  }
}

/** A field that the contract does not know is a mistake in an answer, though not in a request. */
function closed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(closed) as T
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, closed(item)]))
  const fields = 'type' in inner && inner.type === 'object' && 'properties' in inner
  return (fields ? { ...inner, additionalProperties: false } : inner) as T
}
