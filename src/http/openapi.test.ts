/** The document against the vendor's own file, not against the tables it is made of. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { openHouse } from '../../test/house.ts'
import { successStatus } from '../contract/statuses.ts'
import { readExamples } from './examples.ts'
import { openApi } from './openapi.ts'

interface Field {
  readonly type: string
  readonly required?: boolean
  readonly enum?: readonly string[]
}
type Fields = Readonly<Record<string, Field>>
interface Vendor {
  readonly operations: readonly {
    readonly operation: string
    readonly method: string
    readonly path: string
    readonly body?: string
    readonly query_schema?: Fields
    readonly response: Fields
  }[]
  readonly schemas: Readonly<Record<string, Fields>>
}
// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, walked where the test says
const document = openApi(await readExamples()) as any
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../contract/${name}`, import.meta.url), 'utf8'))
const vendor: Vendor = read('cbr-v3.json')
const additions: Pick<Vendor, 'schemas'> & { query: Record<string, Fields> } = read('additions.json')

test('every operation of the vendor is there: path, method, body, parameters', () => {
  for (const { operation, method, path, body, query_schema: query = {} } of vendor.operations) {
    const found = document.paths[path]?.[method.toLowerCase()]
    assert.equal(found?.operationId, operation)
    const parameters = found.parameters.map(({ in: place, name }: { in: string; name: string }) => `${place} ${name}`)
    const expected = [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name}`),
      ...Object.keys({ ...query, ...additions.query[operation] }).map(name => `query ${name}`),
    ]
    assert.deepEqual(parameters.sort(), expected.sort(), operation)
    const schema = found.requestBody?.content['application/json'].schema.$ref
    assert.equal(schema, body && `#/components/schemas/${body}`)
    assert.ok(found.responses[successStatus(found.operationId)], `${operation} has its status of success`)
  }
})

test('every schema has the fields, the mandatory ones and the enums of the vendor and the additions', () => {
  const all: Record<string, Fields> = { ...vendor.schemas }
  for (const [name, fields] of Object.entries(additions.schemas)) all[name] = { ...all[name], ...fields }
  for (const [name, fields] of Object.entries(all)) {
    const schema = document.components.schemas[name]
    assert.deepEqual(Object.keys(schema.properties).sort(), Object.keys(fields).sort(), name)
    const mandatory = Object.keys(fields).filter(field => fields[field]?.required)
    assert.deepEqual([...(schema.required ?? [])].sort(), mandatory.sort(), name)
    for (const [field, { enum: words }] of Object.entries(fields)) {
      const property = schema.properties[field]
      if (words)
        assert.deepEqual(
          property.enum ?? property.items?.enum,
          words.map(word => word.replaceAll(/[\\"]/g, '')),
          `${name}.${field}`,
        )
    }
  }
})

test('every reference points somewhere, and every schema can be compiled', () => {
  const ajv = new Ajv({ strict: false })
  ajv.addSchema({ $id: 'document', ...document })
  for (const name of Object.keys(document.components.schemas)) {
    assert.ok(ajv.compile({ $ref: `document#/components/schemas/${name}` }), name)
  }
})

test('the share calls carry examples, and code for the SDKs', () => {
  const path = '/v3/{project_id}/backups/{backup_id}/members'
  for (const operation of [
    ...Object.values(document.paths[path]),
    ...Object.values(document.paths[`${path}/{member_id}`]),
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
  const add = document.paths[path].post
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
