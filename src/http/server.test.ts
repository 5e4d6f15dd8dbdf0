import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { openHouse, projects, type TestHouse } from '../../test/house.ts'

let house: TestHouse
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const vault = (name: string) => ({
  vault: { name, resources: [], billing: { object_type: 'server', protect_type: 'backup', size: 100 } },
})
const NOWHERE = '82c51a77-40ba-419e-bfff-ddce696a29bf'
const trail = async () => {
  const { rows } = await house.ports.catalog.read(({ audits }) =>
    audits.list(projects.alpha, {}, { limit: 100, offset: 0 }),
  )
  return rows
}

test('versions are answered without a token', async () => {
  for (const path of ['/', '/v3', '/v3/']) {
    const response = await fetch(house.url + path)
    assert.equal(response.status, 300)
    assert.deepEqual(await response.json(), {
      versions: [{ id: 'v3', status: 'CURRENT', links: [{ href: `${house.url}/v3`, rel: 'self' }] }],
    })
  }
})

test('no token, a garbage token, an empty signature: 401, in our words', async () => {
  for (const headers of [
    {},
    { 'x-auth-token': 'x' },
    { authorization: 'Basic eDp5' },
    { authorization: 'SDK-HMAC-SHA256 x' },
  ]) {
    const response = await fetch(`${house.url}/v3/${projects.alpha}/vaults`, { headers })
    assert.equal(response.status, 401)
    const body = (await response.json()) as Record<string, string>
    assert.equal(body.error_code, 'OpenCBR.0401')
    assert.equal(body.request_id, response.headers.get('x-request-id'))
    assert.match(body.request_id ?? '', /^req-[0-9a-f-]{36}$/)
  }
})

test("another project's path is 403 whatever is in it, and so is what no role allows", async () => {
  for (const path of ['vaults', `vaults/${NOWHERE}`]) {
    const { status, body } = await house.call('alice', 'GET', `/v3/${projects.beta}/${path}`)
    assert.equal(status, 403)
    assert.equal(body.error_code, 'OpenCBR.0403')
  }
  assert.equal((await house.call('rita', 'GET', '/v3/{project_id}/vaults')).status, 200)
  assert.equal((await house.call('rita', 'POST', '/v3/{project_id}/vaults', '{')).status, 403)
})

test('the object of the path is missed before the body is looked at', async () => {
  const wrong = [
    ['POST', `backups/${NOWHERE}/members`, '6200'],
    ['PUT', `backups/${NOWHERE}/members/${projects.beta}`, '6200'],
    ['PUT', `backups/${NOWHERE}`, '6200'],
    ['POST', `backups/${NOWHERE}/restore`, '6200'],
    ['PUT', `vaults/${NOWHERE}`, '6105'],
    ['POST', `vaults/${NOWHERE}/addresources`, '6105'],
    ['POST', 'vaults/by-name/removeresources', '6105'],
    ['POST', `vault/${NOWHERE}/tags/action`, '6105'],
  ] as const
  for (const [method, path, code] of wrong) {
    for (const body of ['{', '[]', '{}']) {
      const answer = await house.call('alice', method, `/v3/{project_id}/${path}`, body)
      assert.deepEqual([answer.status, answer.body.error_code], [404, `BackupService.${code}`], `${path} ${body}`)
    }
  }
  const listing = await house.call('alice', 'GET', `/v3/{project_id}/backups/${NOWHERE}/members?limit=0`)
  assert.equal(listing.body.error_code, 'BackupService.6200')
})

test('a name in place of an id is 404, and a NUL too', async () => {
  for (const id of ['vault-1', 'a%00b', '%C3%A9', 'x'.repeat(300)]) {
    const { status, body } = await house.call('alice', 'GET', `/v3/{project_id}/vaults/${id}`)
    assert.deepEqual([status, body.error_code], [404, 'BackupService.6105'])
  }
})

test('content types are not looked at, and empty bodies with one are fine', async () => {
  const odd = { 'content-type': 'application/json;charset=utf8' }
  assert.equal((await house.call('alice', 'POST', '/v3/{project_id}/vaults', vault('a'), odd)).status, 200)
  assert.equal(
    (await house.call('alice', 'POST', '/v3/{project_id}/vaults', vault('b'), { 'content-type': 'text/plain' })).status,
    200,
  )
  assert.equal((await house.call('alice', 'GET', '/v3/{project_id}/vaults')).status, 200)
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/vaults/${NOWHERE}`)).status, 404)
  assert.equal((await house.call('alice', 'DELETE', `/v3/{project_id}/vaults/${NOWHERE}`, '')).status, 404)
})

test('a body too large is 413', async () => {
  const { status, body } = await house.call('alice', 'POST', '/v3/{project_id}/vaults', 'x'.repeat(1024 * 1024 + 1))
  assert.deepEqual([status, body.error_code], [413, 'BackupService.9900'])
})

test('unknown URLs are 404, known ones with another method 405', async () => {
  const unknown = await house.call('alice', 'GET', '/v3/{project_id}/nothing')
  assert.deepEqual([unknown.status, unknown.body.error_code], [404, 'OpenCBR.0404'])
  const other = await house.call('alice', 'PATCH', '/v3/{project_id}/vaults', {})
  assert.deepEqual(
    [other.status, other.headers.get('allow'), other.body.error_code],
    [405, 'GET, POST', 'OpenCBR.0405'],
  )
})

test('credentials and rights are asked for before anything else', async () => {
  assert.equal((await fetch(`${house.url}/v3/${projects.alpha}/backups/sync`, { method: 'POST' })).status, 401)
  assert.equal((await house.call('rita', 'POST', '/v3/{project_id}/backups/sync', {})).status, 403)
})

test('what the HTTP parser cannot read is answered in our form', async () => {
  const answer = await raw(`GET /v3/${projects.alpha}/vaults /x HTTP/1.1\r\nHost: x\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /"error_code":"BackupService\.9900".*"request_id":"req-/)
  assert.match(
    await raw('GET /v3/%zz/vaults HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 .*9900/s,
  )
})

test('raw spaces in a query are redirected to the URL as it should be, also on a connection in use', async () => {
  const path = `/v3/${projects.alpha}/vaults?name=a b  c&limit=1`
  const spaced = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
  for (const request of [spaced, `GET /v3 HTTP/1.1\r\nHost: x\r\n\r\n${spaced}`]) {
    const answer = await raw(request)
    const [, location = ''] = /HTTP\/1\.1 301 [^\r]*\r\nLocation: (\S+)\r\n/.exec(answer) ?? []
    assert.equal(location, path.replaceAll(' ', '%20'), answer)
    const followed = await house.call('alice', 'GET', location)
    assert.deepEqual([followed.status, followed.body.vaults], [200, []])
  }
})

test('a mutation leaves one trail with what it made; reads and unknown callers leave none', async () => {
  const before = (await trail()).length
  const made = await house.call('alice', 'POST', '/v3/{project_id}/vaults', vault('trail'))
  await house.call('alice', 'GET', '/v3/{project_id}/vaults')
  await house.call('alice', 'POST', '/v3/{project_id}/vault/resource_instances/action', { action: 'count' })
  await fetch(`${house.url}/v3/${projects.alpha}/vaults`, { method: 'POST', body: '{}' })
  const [last, ...rest] = await trail()
  assert.equal(rest.length, before)
  const { at, id, userId, ...said } = last ?? assert.fail('there is no trail')
  assert.ok(at instanceof Date && id !== '' && userId !== '')
  assert.deepEqual(said, {
    projectId: projects.alpha,
    userName: 'alice',
    operation: 'CreateVault',
    resourceId: made.body.vault.id,
    sourceIp: '127.0.0.1',
    requestId: made.headers.get('x-request-id'),
    status: 200,
    errorCode: '',
  })
})

test('a refused mutation leaves a trail too', async () => {
  const refused = [
    await house.call('alice', 'DELETE', `/v3/{project_id}/vaults/${NOWHERE}`),
    await house.call('alice', 'POST', '/v3/{project_id}/vaults', '{'),
    await house.call('rita', 'POST', '/v3/{project_id}/vaults', {}),
  ]
  const rows = await trail()
  for (const { status, body, headers } of refused) {
    const row = rows.find(({ requestId }) => requestId === headers.get('x-request-id'))
    assert.deepEqual([row?.status, row?.errorCode], [status, body.error_code])
  }
})

test('health, readiness and metrics need no token', async () => {
  await house.call('alice', 'GET', '/v3/{project_id}/vaults')
  const [health, ready, metrics] = await Promise.all(
    ['/healthz', '/readyz', '/metrics'].map(path => fetch(house.url + path)),
  )
  assert.deepEqual([health?.status, ready?.status, metrics?.status], [200, 200, 200])
  const text = (await metrics?.text()) ?? ''
  assert.match(text, /opencbr_http_request_duration_seconds_count\{route="ListVault",method="GET",status="200"\} \d+/)
  assert.match(text, /opencbr_store_bytes \d+/)
  assert.match(text, /# TYPE opencbr_jobs_open gauge/)
  assert.doesNotMatch(text, new RegExp(projects.alpha), 'URLs would make a series each')
})

/** Sends bytes as they are and answers all that comes back. */
async function raw(request: string): Promise<string> {
  const socket = connect(Number(new URL(house.url).port), '127.0.0.1')
  socket.write(request)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

test('only a trusted proxy says where a request comes from', async () => {
  await using behind = await openHouse({ environment: { OPENCBR_TRUSTED_PROXIES: '["127.0.0.1"]' } })
  const sourceOf = async (at: TestHouse) => {
    await at.call('alice', 'POST', '/v3/{project_id}/vaults', vault('from'), { 'x-forwarded-for': '192.0.2.7' })
    const { rows } = await at.ports.catalog.read(({ audits }) =>
      audits.list(projects.alpha, {}, { limit: 1, offset: 0 }),
    )
    return rows[0]?.sourceIp
  }
  assert.equal(await sourceOf(behind), '192.0.2.7')
  assert.equal(await sourceOf(house), '127.0.0.1')
})

test('the trail of a volume names it', async () => {
  const { body } = await house.call('alice', 'POST', '/volume/v3/{project_id}/volumes', {
    volume: { name: 'v', size: 1 },
  })
  const [last] = await trail()
  assert.equal(last?.resourceId, body.volume.id)
})

test('readers look at policies of the organization, and change none', async () => {
  const path = '/v3/{project_id}/organization-policies'
  const unknown = `${path}/${crypto.randomUUID()}`
  assert.equal((await house.call('rita', 'GET', path)).status, 200)
  assert.equal((await house.call('rita', 'GET', `${path}?operation_type=tape`)).body.error_code, 'BackupService.9900')
  for (const url of [unknown, `${unknown}/policy-detail`]) {
    const { status, body } = await house.call('rita', 'GET', url)
    assert.deepEqual([status, body.error_code], [404, 'BackupService.6000'])
  }
  for (const [method, url] of [
    ['POST', path],
    ['PUT', unknown],
    ['DELETE', unknown],
  ] as const)
    assert.equal((await house.call('rita', method, url, {})).status, 403, method)
  assert.equal((await house.call('alice', 'POST', path, { policy: {} })).body.error_code, 'BackupService.9900')
  const missing = await house.call('alice', 'PUT', unknown, {})
  assert.deepEqual([missing.status, missing.body.error_code], [404, 'BackupService.6000'], 'before the body')
})
