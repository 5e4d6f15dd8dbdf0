import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sdkDate, signLikeGo, signLikePython, type ToSign } from '../../../test/sign-request.ts'
import type { SignedRequest } from '../../ports/identity.ts'
import { acme, alice, alpha, beta, openDesk, start } from './test-accounts.ts'

const key = { ak: 'AKALICE', sk: 'secret-of-alice', at: start }
const members = `http://127.0.0.1:8799/v3/${alpha}/backups/6a7b5b4c-1111-4222-8333-444455556666/members`
const body = '{"members":["075e6035d300d48c2fd0c00b78b71ebf"]}'

/** What the server sees of a request that was signed. */
function arrived(request: ToSign, sign: (request: ToSign) => Record<string, string>): SignedRequest {
  const { pathname, search } = new URL(request.url)
  return {
    method: request.method,
    rawPath: pathname,
    rawQuery: search.slice(1),
    headers: sign(request),
    body: Buffer.from(request.body ?? ''),
  }
}

/** Computed with openssl from canonical requests written by hand. */
const vectors: readonly SignedRequest[] = [
  {
    method: 'POST',
    rawPath: `/v3/${alpha}/backups/6a7b5b4c-1111-4222-8333-444455556666/members`,
    rawQuery: '',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'terraform-provider/1.97',
      'x-sdk-date': '20261123T141554Z',
      'x-project-id': 'added after signing',
      authorization:
        'SDK-HMAC-SHA256 Access=AKALICE, SignedHeaders=accept;content-type;user-agent;x-sdk-date, ' +
        'Signature=aad3e3d5c13615651e465c9f3ee5763dae9e937f14fa6b898366492424c54580',
    },
    body: Buffer.from(body),
  },
  {
    method: 'GET',
    rawPath: `/v3/${alpha}/vault/a%20(b)~*`,
    rawQuery: 'name=rot&limit=10&name=gr%C3%BCn+%2B+blau&empty',
    headers: {
      'content-type': 'application/json;charset=utf-8',
      host: '127.0.0.1:8799',
      'user-agent': '  huaweicloud-usdk-python/3.0 ',
      'x-project-id': alpha,
      'x-sdk-date': '20261123T141554Z',
      authorization:
        'SDK-HMAC-SHA256 Access=AKALICE, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, ' +
        'Signature=5031a77b7cf19834d50694e465f4c3bcd818fae11e9c05ae130b4f67ee86e995',
    },
    body: new Uint8Array(0),
  },
  {
    method: 'PUT',
    rawPath: `/v3/${alpha}/vaults/x/`,
    rawQuery: '',
    headers: {
      host: '127.0.0.1:8799',
      'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-sdk-date': '20261123T141554Z',
      authorization:
        'SDK-HMAC-SHA256 Access=AKALICE, SignedHeaders=host;x-sdk-content-sha256;x-sdk-date, ' +
        'Signature=f4f011f3326a4708e9d5c1403ef1b18632099809d72ee28b0c970dc6bedac87f',
    },
    body: Buffer.from('whatever'),
  },
]

test('requests signed by hand are accepted', async () => {
  await using desk = await openDesk(acme(alice))
  for (const [at, vector] of vectors.entries()) {
    const caller = await desk.identity.callerOfSignature(vector, alpha)
    assert.equal(caller?.userName, 'alice', `vector ${at + 1}`)
    assert.equal(caller.projectId, alpha)
    assert.equal(caller.via, 'access-key')
    assert.deepEqual(caller.roles, ['CBR FullAccess'])
  }
})

test('requests signed as the Go and the Python clients do are accepted', async () => {
  await using desk = await openDesk(acme(alice))
  const requests: readonly ToSign[] = [
    { ...key, method: 'POST', url: members, body },
    { ...key, method: 'GET', url: `${members}?limit=1000&offset=0` },
    {
      ...key,
      method: 'GET',
      url: `${members}?name=a%20b%2Bc%26d&name=%E5%A4%87%E4%BB%BD&name=&a=%F0%9F%98%80&a=%EF%BF%BD`,
    },
    { ...key, method: 'DELETE', url: `http://127.0.0.1:8799/v3/${alpha}/vault/x/tags/a%2Fb%20%C3%BC!'()*` },
    { ...key, method: 'GET', url: 'http://127.0.0.1:8799/' },
    {
      ...key,
      method: 'PUT',
      url: members,
      body: '{"name":"größer"}',
      headers: { 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
  ]
  for (const request of requests) {
    for (const sign of [signLikeGo, signLikePython]) {
      const caller = await desk.identity.callerOfSignature(arrived(request, sign), alpha)
      assert.equal(caller?.projectId, alpha, `${sign.name} ${request.method} ${request.url}`)
    }
  }
})

test('a header in UTF-8 is signed as text and read as bytes', async () => {
  await using desk = await openDesk(acme(alice))
  const signed = arrived({ ...key, method: 'GET', url: members, headers: { 'x-note': 'größer' } }, signLikePython)
  const overTheWire = Buffer.from('größer').toString('latin1')
  const request = { ...signed, headers: { ...signed.headers, 'x-note': overTheWire } }
  assert.ok(await desk.identity.callerOfSignature(request, alpha))
})

test('a request that was altered in anything signed is refused', async () => {
  await using desk = await openDesk(acme(alice))
  const good = arrived({ ...key, method: 'POST', url: `${members}?a=1`, body }, signLikePython)
  const authorization = good.headers.authorization ?? ''
  const withHeaders = (headers: Readonly<Record<string, string | undefined>>) => ({
    ...good,
    headers: { ...good.headers, ...headers },
  })
  const altered: Readonly<Record<string, SignedRequest>> = {
    method: { ...good, method: 'PUT' },
    path: { ...good, rawPath: good.rawPath.replace(alpha, beta) },
    'broken path': { ...good, rawPath: '/v3/%' },
    query: { ...good, rawQuery: 'a=2' },
    'more query': { ...good, rawQuery: 'a=1&b=' },
    'broken query': { ...good, rawQuery: 'a=1&%ff=1' },
    body: { ...good, body: Buffer.from(body.replace('075e', '075f')) },
    'no body': { ...good, body: new Uint8Array(0) },
    header: withHeaders({ 'content-type': 'text/plain' }),
    'missing header': withHeaders({ 'user-agent': undefined }),
    date: withHeaders({ 'x-sdk-date': sdkDate(new Date(start.getTime() + 1000)) }),
    'no date': withHeaders({ 'x-sdk-date': undefined }),
    key: withHeaders({ authorization: authorization.replace('AKALICE', 'AKBOB') }),
    'list of headers': withHeaders({ authorization: authorization.replace('host;', '') }),
    signature: withHeaders({ authorization: authorization.replace(/.$/, last => (last === '0' ? '1' : '0')) }),
    'short signature': withHeaders({ authorization: authorization.slice(0, -2) }),
    'hash of another body': withHeaders({ 'x-sdk-content-sha256': '0'.repeat(64) }),
    'unsigned payload': withHeaders({ 'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD' }),
    algorithm: withHeaders({ authorization: authorization.replace('SHA256', 'SHA1') }),
    garbage: withHeaders({ authorization: `SDK-HMAC-SHA256 ${'Access='.repeat(20_000)}` }),
  }
  for (const [what, request] of Object.entries(altered)) {
    assert.equal(await desk.identity.callerOfSignature(request, alpha), undefined, what)
  }
  assert.ok(await desk.identity.callerOfSignature(good, alpha))
})

test('a body is the one whose hash is given', async () => {
  await using desk = await openDesk(acme(alice))
  const hash = '7011f9b45cc6653334be2e255783c0c1a80a01997bf768dbb590fb20f6d0ab9f'
  const headers = { 'x-sdk-content-sha256': hash }
  const good = arrived({ ...key, method: 'POST', url: members, body, headers }, signLikePython)
  const forged = { ...good, body: Buffer.from('{"members":[]}') }
  assert.equal(await desk.identity.callerOfSignature(forged, alpha), undefined)
  assert.ok(await desk.identity.callerOfSignature(good, alpha))
})

test('the date has to be within a quarter of an hour of the clock', async () => {
  await using desk = await openDesk(acme(alice))
  const minute = 60_000
  for (const [offset, accepted] of [
    [-15, true],
    [15, true],
    [-15.02, false],
    [15.02, false],
    [1e9, false],
  ] as const) {
    const at = new Date(start.getTime() + offset * minute)
    const request = arrived({ ...key, at, method: 'POST', url: members, body }, signLikeGo)
    assert.equal((await desk.identity.callerOfSignature(request, alpha)) !== undefined, accepted, String(offset))
  }
  for (const date of ['2026-11-23T14:15:54Z', '20261123T141554', '20261323T141554Z', '20261123T146054Z', '']) {
    const headers = { 'x-sdk-date': date }
    const good = arrived({ ...key, method: 'POST', url: members, body }, signLikeGo)
    const request = { ...good, headers: { ...good.headers, ...headers } }
    assert.equal(await desk.identity.callerOfSignature(request, alpha), undefined, date)
  }
})

test('a request that comes again is refused, also after a restart and in another spelling', async () => {
  await using desk = await openDesk(acme(alice))
  const post = arrived({ ...key, method: 'POST', url: members, body }, signLikeGo)
  assert.ok(await desk.identity.callerOfSignature(post, alpha))
  assert.equal(await desk.identity.callerOfSignature(post, alpha), undefined)
  await desk.restart(acme(alice))
  assert.equal(await desk.identity.callerOfSignature(post, alpha), undefined)
  const respelled = {
    ...post,
    rawPath: post.rawPath.replace('members', '%6Dembers'),
    headers: {
      ...post.headers,
      authorization: post.headers.authorization?.replace(/[0-9a-f]{64}$/, hex => hex.toUpperCase()),
    },
  }
  assert.equal(await desk.identity.callerOfSignature(respelled, alpha), undefined)
  desk.pass(15 * 60_000)
  assert.equal(await desk.identity.callerOfSignature(post, alpha), undefined)
})

test('a read may come twice within the second that it was signed in, and not later', async () => {
  await using desk = await openDesk(acme(alice))
  const get = arrived({ ...key, method: 'GET', url: members }, signLikeGo)
  assert.ok(await desk.identity.callerOfSignature(get, alpha))
  desk.pass(900)
  assert.ok(await desk.identity.callerOfSignature(get, alpha))
  desk.pass(1000)
  assert.equal(await desk.identity.callerOfSignature(get, alpha), undefined)
})

test('of two copies at once one is accepted', async () => {
  await using desk = await openDesk(acme(alice))
  const post = arrived({ ...key, method: 'POST', url: members, body }, signLikeGo)
  const callers = await Promise.all([1, 2, 3].map(() => desk.identity.callerOfSignature(post, alpha)))
  assert.equal(callers.filter(caller => caller !== undefined).length, 1)
})

test('the project is the one of the path, if the owner has a role there', async () => {
  await using desk = await openDesk(acme(alice))
  const request = arrived({ ...key, method: 'GET', url: members, headers: { 'x-project-id': alpha } }, signLikePython)
  const elsewhere = await desk.identity.callerOfSignature(request, beta)
  assert.equal(elsewhere?.userName, 'alice')
  assert.equal(elsewhere.projectId, undefined)
  assert.deepEqual(elsewhere.roles, [])
})

test('without a project in the path, the header chooses among the own ones, and a single one needs no header', async () => {
  const both = { ...alice, roles: { alpha: ['member'], beta: ['reader'] } }
  const url = 'http://127.0.0.1:8799/v3/region-projects'
  for (const [user, header, projectId] of [
    [alice, undefined, alpha],
    [alice, alpha, alpha],
    [alice, beta, undefined],
    [both, undefined, undefined],
    [both, beta, beta],
    [both, 'f'.repeat(32), undefined],
  ] as const) {
    await using desk = await openDesk(acme(user))
    const headers = header === undefined ? {} : { 'x-project-id': header }
    const request = arrived({ ...key, method: 'GET', url, headers }, signLikePython)
    assert.equal((await desk.identity.callerOfSignature(request, undefined))?.projectId, projectId)
  }
})

test('the key of a disabled user, or one that is gone, opens nothing', async () => {
  await using desk = await openDesk(acme({ ...alice, enabled: false }))
  const request = arrived({ ...key, method: 'GET', url: members }, signLikeGo)
  assert.equal(await desk.identity.callerOfSignature(request, alpha), undefined)
  await desk.restart(acme())
  assert.equal(await desk.identity.callerOfSignature(request, alpha), undefined)
})
