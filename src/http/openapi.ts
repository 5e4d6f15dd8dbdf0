/** `/openapi.json`: the contract as this service holds to it, from the same tables that check its requests. */
import type { ErrorCode } from '../contract/errors.ts'
import { errors } from '../contract/errors.ts'
import { definitions, fieldSchema, type JsonSchema, type SchemaStyle } from '../contract/json-schema.ts'
import { pathLimits, queryLimits } from '../contract/limits.ts'
import { type OperationId, operations } from '../contract/operations.gen.ts'
import { successStatus } from '../contract/statuses.ts'
import { samplesOf } from './code-samples.ts'
import type { Example, Examples } from './examples.ts'
import { ANYONE, routes } from './routes.ts'

const PUBLISHED: SchemaStyle = { refer: name => `#/components/schemas/${name}`, published: true }

/** A document of OpenAPI 3.0.3. Without a server's address: paths start at the root of where it was fetched. */
export function openApi(examples: Examples): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const id of Object.keys(operations) as OperationId[]) {
    const { path, method } = operations[id]
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(id, examples[id]) }
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'OpenCBR',
      version: 'v3',
      description: 'Cloud backup and recovery, wire-compatible with CBR v3. Backups are shared without copying a byte.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: nounsOf(paths).map(name => ({ name })),
    paths,
    components: {
      schemas: { ...definitions(PUBLISHED), Error: ERROR },
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Auth-Token',
          description:
            'From POST /identity/v3/auth/tokens, scoped to the project of the path. Or sign with SDK-HMAC-SHA256.',
        },
      },
    },
  }
}

/** What people come for first, then the rest by name. */
const FIRST = ['vaults', 'protectables', 'checkpoints', 'backups', 'members', 'operation-logs', 'tags']

function nounsOf(paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>): readonly string[] {
  const all = new Set(Object.keys(paths).map(nounOf))
  return [...FIRST, ...[...all].filter(noun => !FIRST.includes(noun)).sort()]
}

const ERROR: JsonSchema = {
  type: 'object',
  required: ['error_code', 'error_msg', 'request_id'],
  properties: {
    error_code: { type: 'string', example: 'BackupService.9900' },
    error_msg: { type: 'string' },
    request_id: { type: 'string', example: 'req-0b07081e-3ec7-4e77-8571-54e2947da422' },
  },
}

function operationOf(id: OperationId, example: Example | undefined): JsonSchema {
  const operation = operations[id]
  const route = routes[id]
  const right = route.action === ANYONE ? 'Any authenticated user may call it.' : `Needs ${route.action}.`
  return {
    operationId: id,
    summary: id.replaceAll(/(?<!^)([A-Z])/g, letter => ` ${letter.toLowerCase()}`),
    description: right,
    tags: [nounOf(operation.path)],
    parameters: [...pathParameters(operation.path), ...queryParameters(id)],
    ...(operation.body !== undefined && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { $ref: PUBLISHED.refer(operation.body) }, ...given(example?.request.body) },
        },
      },
    }),
    responses: responses(id, example),
    'x-codeSamples': samplesOf(id, example),
  }
}

/** `/v3/{project_id}/backups/{backup_id}/members`: members. */
function nounOf(path: string): string {
  const fixed = path
    .split('/')
    .slice(2)
    .filter(part => part !== '' && !part.startsWith('{'))
  if (fixed.includes('members')) return 'members'
  if (fixed.includes('tags') || fixed.includes('resource_instances')) return 'tags'
  return fixed[0] ?? 'service'
}

const pathParameters = (path: string): readonly JsonSchema[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', ...pathLimits[name] },
  }))

function queryParameters(id: OperationId): readonly JsonSchema[] {
  return Object.entries(operations[id].query).map(([name, field]) => {
    const limit = queryLimits[`${id}.${name}`] ?? {}
    const paging = name === 'limit' ? { minimum: 1 } : name === 'offset' ? { minimum: 0 } : {}
    return {
      name,
      in: 'query',
      required: field.required === true && !limit.optional,
      schema: { ...fieldSchema(field, limit, PUBLISHED), ...paging },
    }
  })
}

const given = (body: unknown): object => (body === null || body === undefined ? {} : { example: body })

function responses(id: OperationId, example: Example | undefined): JsonSchema {
  const { answer } = operations[id]
  const empty = Object.keys(answer).length === 0
  const schema = answer.body?.type.startsWith('{')
    ? { type: 'object', additionalProperties: true }
    : {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(answer).map(([name, field]) => [name, fieldSchema(field, {}, PUBLISHED)]),
        ),
      }
  const shown = example?.canonical_response_body ?? example?.response.body
  return {
    [successStatus(id)]: {
      description: empty ? 'Done; no body' : 'Done',
      ...(!empty && { content: { 'application/json': { schema, ...given(shown) } } }),
    },
    400: failure('Refused by a rule, or the request does not fit the contract (9900)', '9900'),
    401: failure('No valid token or signature'),
    403: failure('Not the credential for this project, or no role that allows it'),
    404: failure('What the path names does not exist, or not for this project'),
    500: failure('A fault on our side', '9910'),
  }
}

const failure = (description: string, code?: ErrorCode): JsonSchema => ({
  description,
  content: {
    'application/json': {
      schema: { $ref: PUBLISHED.refer('Error') },
      ...(code && {
        example: {
          error_code: `BackupService.${code}`,
          error_msg: errors[code][1],
          request_id: 'req-0b07081e-3ec7-4e77-8571-54e2947da422',
        },
      }),
    },
  },
})
