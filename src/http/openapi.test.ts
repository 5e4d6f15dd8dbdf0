/** The document against the vendor's own file, not against the tables it is made of. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { openHouse } from '../../test/house.ts'
import type { OperationId } from '../contract/operations.gen.ts'
import { successStatus } from '../contract/statuses.ts'
import { readExamples } from './examples.ts'
import { openApi } from './openapi.ts'
import { deliberate } from './openapi-differences.ts'
import { differences, publishedFacts, type VendorFile, vendorFacts } from './openapi-facts.ts'

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, walked where the test says
const document = openApi(await readExamples()) as any
const vendor: VendorFile = JSON.parse(readFileSync(new URL('../../contract/cbr-v3.json', import.meta.url), 'utf8'))

const BACKUPS = '/v3/{project_id}/backups'
const MEMBERS = `${BACKUPS}/{backup_id}/members`
// biome-ignore lint/suspicious/noExplicitAny: as above
const answerOf = (operation: any) => operation.responses[200].content['application/json'].schema
// biome-ignore lint/suspicious/noExplicitAny: as above
const queryOf = (operation: any, name: string) =>
  operation.parameters.find((one: { name: string }) => one.name === name)

test('it says what the vendor’s file says, but for the differences that have a reason', () => {
  const found = differences(vendorFacts(vendor), publishedFacts(document))
  assert.deepEqual(found, Object.fromEntries(deliberate.flatMap(({ places }) => Object.entries(places)).sort()))
})

test('the comparison sees every place of the vendor’s file, and what is altered in the document', () => {
  const facts = vendorFacts(vendor)
  const { operations, schemas } = vendor
  const shapes = [
    ...operations.flatMap(({ path, body, query_schema: query = {}, response }) => [
      path.match(/\{/g) ?? [],
      body === undefined ? {} : { body },
      query,
      response,
    ]),
    ...Object.values(schemas),
  ]
  const places = shapes.reduce((sum, shape) => sum + Object.keys(shape).length, 0)
  assert.equal(facts.size, operations.length + Object.keys(schemas).length + places)

  const before = differences(facts, publishedFacts(document))
  const alterations: Readonly<Record<string, (copy: typeof document) => void>> = {
    'AddMember answer count': ({ paths }) => delete answerOf(paths[MEMBERS].post).properties.count,
    'AddMember answer more': ({ paths }) => Object.assign(answerOf(paths[MEMBERS].post).properties, { more: {} }),
    'AddMember body': ({ paths }) => delete paths[MEMBERS].post.requestBody,
    'ListBackups ?sort': ({ paths }) => Object.assign(queryOf(paths[BACKUPS].get, 'sort'), { required: true }),
    'ListBackups ?own_type': ({ paths }) => queryOf(paths[BACKUPS].get, 'own_type').schema.enum.pop(),
    'ListBackups ?dec': ({ paths }) => Object.assign(queryOf(paths[BACKUPS].get, 'dec').schema, { type: 'string' }),
    'Member.id': ({ components }) => Object.assign(components.schemas.Member.properties.id, { type: 'integer' }),
    'Member.status': ({ components }) => components.schemas.Member.required.pop(),
    'Vault.tags': ({ components }) => Object.assign(components.schemas.Vault.properties.tags.items, { $ref: 'Other' }),
  }
  for (const [place, alter] of Object.entries(alterations)) {
    const copy = structuredClone(document)
    alter(copy)
    const after = differences(facts, publishedFacts(copy))
    assert.deepEqual(
      Object.keys(after).filter(key => !(key in before)),
      [place],
    )
  }
})

test('every operation answers with its status of success', () => {
  for (const methods of Object.values<Record<string, { operationId: OperationId; responses: object }>>(document.paths))
    for (const { operationId, responses } of Object.values(methods))
      assert.deepEqual(
        Object.keys(responses).filter(status => status < '400'),
        [String(successStatus(operationId))],
        operationId,
      )
})

test('every reference points somewhere, and every schema can be compiled', () => {
  const ajv = new Ajv({ strict: false })
  ajv.addSchema({ $id: 'document', ...document })
  for (const name of Object.keys(document.components.schemas)) {
    assert.ok(ajv.compile({ $ref: `document#/components/schemas/${name}` }), name)
  }
})

test('the share calls carry examples, and code for the SDKs', () => {
  for (const operation of [
    ...Object.values(document.paths[MEMBERS]),
    ...Object.values(document.paths[`${MEMBERS}/{member_id}`]),
  ]) {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const { 'x-codeSamples': samples, operationId } = operation as any
    assert.deepEqual(
      samples.map(({ lang }: { lang: string }) => lang),
      ['Shell', 'JavaScript', 'Python', 'Go'],
      operationId,
    )
    for (const { source } of samples) assert.match(source, /\{endpoint\}/)
  }
  const add = document.paths[MEMBERS].post
  assert.deepEqual(add.requestBody.content['application/json'].example, {
    members: ['075e6035d300d48c2fd0c00b78b71ebf'],
  })
  assert.equal(add.responses[200].content['application/json'].example.count, 1)
})

test('the page and its parts are served from here, under a strict policy', async () => {
  await using house = await openHouse()
  const page = await fetch(`${house.url}/docs`)
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.match(policy, /default-src 'none'.*script-src 'self';.*style-src 'self';/)
  assert.doesNotMatch(policy, /unsafe|https?:/)
  const html = await page.text()
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url)
  assert.ok(parts.length >= 4)
  for (const part of parts) assert.equal((await fetch(new URL(part, house.url))).status, 200, part)
  assert.doesNotMatch(html, /<script>|<style>|style=|onclick=/)
  const served = await (await fetch(`${house.url}/openapi.json`)).json()
  assert.deepEqual(served, JSON.parse(JSON.stringify(document)))
  assert.equal((await fetch(`${house.url}/docs/package.json`)).status, 404)
})
