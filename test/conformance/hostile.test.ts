/**
 * Whatever comes in, the answer is a documented one: never 500, always our body and a request id. Requests are made from
 * our own OpenAPI document: right in form for the most part, wrong in one place or another.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { type Arbitrary } from 'fast-check'
import { type OperationId, operations, type Shape, schemas } from '../../src/contract/operations.gen.ts'
import { openHouse, people, projects, type TestHouse } from '../house.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 400)
const NASTY = [
  '',
  ' ',
  '\0',
  '%00',
  '..',
  '../..',
  '%2e%2e%2f',
  "'; drop table vault; --",
  '\u202e',
  '😀',
  '\ud800',
  'x'.repeat(600),
  '-1',
  'null',
  '__proto__',
  '{"a":1}',
]
const UUID = '82c51a77-40ba-419e-bfff-ddce696a29bf'

const text = (known: readonly string[]): Arbitrary<string> =>
  fc.oneof(fc.constantFrom(...NASTY), fc.constantFrom(UUID, ...known), fc.string({ unit: 'binary', maxLength: 40 }))
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 10, 100, 2 ** 53, 1e308))

/** A value of the type for the most part. Three levels deep at most: definitions refer to themselves. */
function fitting(type: string, among: readonly string[], known: readonly string[], depth = 0): Arbitrary<unknown> {
  const element = /^Array<(.+)>$/.exec(type)?.[1]
  const right = ((): Arbitrary<unknown> => {
    if (element !== undefined) return fc.array(fitting(element, among, known, depth + 1), { maxLength: 4 })
    if (type === 'number') return number
    if (type === 'boolean') return fc.boolean()
    const shape = schemas[type]
    if (shape) return depth > 3 ? fc.constant({}) : recordOf(shape, known, depth + 1)
    return among.length > 0 ? fc.oneof(fc.constantFrom(...among), text(known)) : text(known)
  })()
  const wrong = fc.oneof(
    fc.constant(null),
    fc.json().map(json => JSON.parse(json)),
    number,
    text(known),
  )
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: wrong })
}

function recordOf(shape: Shape, known: readonly string[], depth: number): Arbitrary<unknown> {
  const fields: Record<string, Arbitrary<unknown>> = {}
  for (const [name, { type, enum: among = [] }] of Object.entries(shape))
    fields[name] = fitting(type, among, known, depth)
  const required = Object.keys(shape).filter(name => shape[name]?.required)
  return fc.oneof(
    { weight: 10, arbitrary: fc.record(fields, { requiredKeys: required }) },
    { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
  )
}

interface Hostile {
  readonly operation: OperationId
  readonly ids: readonly string[]
  readonly query: readonly (readonly [string, string])[]
  readonly body: unknown
  readonly person: 'alice' | 'bob' | 'rita'
}

const hostile = (known: readonly string[]): Arbitrary<Hostile> =>
  fc.constantFrom(...(Object.keys(operations) as OperationId[])).chain(operation => {
    const { body, query } = operations[operation]
    const names = Object.keys(query)
    return fc.record({
      operation: fc.constant(operation),
      ids: fc.array(text(known), { minLength: 3, maxLength: 3 }),
      query:
        names.length === 0
          ? fc.constant([])
          : fc.array(fc.tuple(fc.constantFrom(...names), text(known)), { maxLength: 4 }),
      body:
        body === undefined
          ? fc.constant(undefined)
          : fc.oneof({ weight: 20, arbitrary: fitting(body, [], known) }, { weight: 1, arbitrary: fc.string() }),
      person: fc.constantFrom('alice', 'bob', 'rita'),
    })
  })

async function send(house: TestHouse, { operation, ids, query, body, person }: Hostile): Promise<Response> {
  const { method, path } = operations[operation]
  const left = [...ids]
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    name === 'project_id' ? projects[people[person].project] : encodeURIComponent((left.pop() ?? 'x').toWellFormed()),
  )
  const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]))
  return fetch(`${house.url}${filled}?${search}`, {
    method,
    headers: { 'x-auth-token': await house.tokenOf(person), 'content-type': 'application/json' },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

test('no request is answered with a fault of ours', async () => {
  await using house = await openHouse()
  const billing = { object_type: 'server', protect_type: 'backup', size: 100 }
  const made = await house.call('alice', 'POST', '/v3/{project_id}/vaults', {
    vault: { name: 'v', resources: [], billing },
  })
  const listed = await house.call('alice', 'GET', '/v3/{project_id}/protectables/server/instances')
  const known = [made.body.vault.id, listed.body.instances[0].id, projects.beta, 'server', 'name:asc', '10']
  const seed = Date.now() % 2 ** 31
  console.log(`seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(hostile(known), async request => {
      const response = await send(house, request)
      const answer = await response.text()
      assert.ok(response.status < 500 || response.status === 501, `${response.status} ${answer}`)
      // URLs that lost a part (an empty id, `..`) end at other routes, some of which answer no JSON.
      if (response.status < 400 || response.headers.get('content-type')?.startsWith('application/json') !== true) return
      const { error_code, error_msg, request_id } = JSON.parse(answer)
      assert.match(error_code, /^(BackupService\.\d{4}|OpenCBR\.0\d{3})$/)
      assert.ok(typeof error_msg === 'string' && error_msg !== '')
      assert.equal(request_id, response.headers.get('x-request-id'))
    }),
    { numRuns: RUNS, seed },
  )
})
