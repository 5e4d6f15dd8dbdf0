// Needs S3_ENDPOINT. A store that is stopped, lies, or is none; servers of the test's own.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { DeleteBucketCommand, DeleteObjectCommand, PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3'
import { clientOf, openS3Server } from '../../../test/s3-server.ts'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { openS3ObjectStore } from './s3.ts'
import type { S3Place } from './s3-place.ts'

/** Few tries, soon after each other. */
const hasty = { connectMs: 2000, silentMs: 500, tryMs: 5000, tries: 3, waitMs: 10 }
/** Until what is restarted beside it is there again. */
const stubborn = { ...hasty, silentMs: 5000, tries: 8 }

const fault = (kind: FaultKind, text: RegExp, permanent?: boolean) => (error: unknown) => {
  ok(error instanceof Fault, String(error))
  deepEqual([error.kind, text.test(error.message)], [kind, true], error.message)
  if (permanent !== undefined) equal(error.permanent, permanent)
  return true
}

test('a store that is stopped is a passing fault; who waits for its restart goes on', async context => {
  const server = await openS3Server(context)
  const place = await server.bucket('plain')
  const [store, patient] = [await openS3ObjectStore(place, hasty), await openS3ObjectStore(place, stubborn)]
  await store.put('a', [Buffer.from('first')])
  await server.stop()
  const passing = fault('unavailable', /cannot be reached/, false)
  for (const call of [
    () => store.put('b', [Buffer.from('x')]),
    () => store.putNew('b', [Buffer.from('x')]),
    () => store.get('a'),
    () => store.getRange('a', 1, 2),
    () => store.remove(['a']),
    () => Array.fromAsync(store.list('')),
  ])
    await rejects(call, passing)
  await rejects(openS3ObjectStore(place, hasty), passing)
  const large = Buffer.alloc(9_000_000, 7)
  const waiting = Promise.all([patient.put('large', [large]), patient.putNew('new', [large]), patient.get('a')])
  await server.start()
  const [, made, got] = await waiting
  deepEqual([made, got.toString()], [true, 'first'])
  ok((await store.get('large')).equals(large))
  await server.stop()
  await server.start()
  equal((await store.getRange('a', 0, 5)).toString(), 'first', 'over a connection that the server has forgotten')
  await store.close()
  await patient.close()
})

test('wrong credentials and missing buckets are told in words, without the secret', async context => {
  const server = await openS3Server(context)
  const place = await server.bucket('plain')
  const opening = (over: Partial<S3Place>) => openS3ObjectStore({ ...place, ...over }, hasty)
  await rejects(opening({ accessKey: 'somebody' }), fault('denied', /does not know chunkStore.accessKey/, true))
  await rejects(opening({ secretKey: 'not-the-one' }), (error: Error) => {
    ok(!error.message.includes('not-the-one') && !error.message.includes(place.secretKey))
    equal(error.cause, undefined)
    return fault('denied', /chunkStore.secretKey is not that/, true)(error)
  })
  await rejects(opening({ bucket: 'nowhere' }), fault('unavailable', /bucket nowhere at http.*no such bucket/, true))
  await rejects(opening({ endpoint: 'http://127.0.0.1:1' }), fault('unavailable', /ECONNREFUSED/, false))
  await rejects(opening({ endpoint: 'http://no.invalid' }), fault('unavailable', /name is not known/, false))
})

test('a bucket that goes is not a store whose objects are missing', async context => {
  const place = await (await openS3Server(context)).bucket('plain')
  const store = await openS3ObjectStore(place, hasty)
  const client = clientOf(place)
  await client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: 'OPENCBR' }))
  await client.send(new DeleteBucketCommand({ Bucket: place.bucket }))
  const gone = fault('unavailable', /no such bucket/, true)
  await rejects(store.get('a'), gone)
  await rejects(store.getRange('a', 0, 1), gone)
  await rejects(store.getRange('a', 0, 0), gone)
  await rejects(Array.fromAsync(store.list('')), gone)
  await rejects(store.put('a', []), gone)
  client.destroy()
  await store.close()
})

test('a full store says so, and goes on when there is room', async context => {
  if (process.getuid?.() !== 0) return context.skip('mounting a tmpfs needs root')
  const mount = (folder: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder])
  const store = await openS3ObjectStore(await (await openS3Server(context, mount)).bucket('locked'), hasty)
  const some = Buffer.alloc(9_000_000, 1)
  await store.put('a', [some])
  await store.put('b', [some])
  await rejects(store.put('c', [some]), fault('full', /no room/, true))
  await rejects(store.putNew('c', [some]), fault('full', /no room/, true))
  deepEqual(await Array.fromAsync(store.list('')), [
    { key: 'a', bytes: some.length },
    { key: 'b', bytes: some.length },
  ])
  await store.remove(['a'])
  await store.put('c', [some])
  ok((await store.get('c')).equals(some))
  await store.close()
})

test('a bucket that keeps everything for a time of its own is refused', async context => {
  const place = await (await openS3Server(context)).bucket('locked')
  const client = clientOf(place)
  const DefaultRetention = { Mode: 'GOVERNANCE', Days: 1 } as const
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } as const
  await client.send(new PutObjectLockConfigurationCommand({ Bucket: place.bucket, ObjectLockConfiguration }))
  client.destroy()
  await rejects(openS3ObjectStore(place, hasty), fault('denied', /default retention.*remove that rule/, true))
})

async function serve(context: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server: Server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** In front of a server; `spoil` may do something else with what it answers. */
const proxy = (
  context: TestContext,
  to: string,
  spoil: (asked: IncomingMessage, got: IncomingMessage, response: ServerResponse) => boolean,
) =>
  serve(context, (asked, response) => {
    const { method, url: path, headers } = asked
    const { hostname: host, port } = new URL(to)
    const forwarded = request({ host, port, method, path, headers }, got => {
      if (spoil(asked, got, response)) return
      response.writeHead(got.statusCode ?? 500, got.headers)
      got.pipe(response)
    })
    asked.pipe(forwarded)
  })

test('of answers that get lost or break off nothing is noticed but time', async context => {
  const real = await (await openS3Server(context)).bucket('versioned')
  const lost = new Set<string>()
  const once = (what: string) => !lost.has(what) && lost.add(what).has(what)
  const endpoint = await proxy(context, real.endpoint ?? '', ({ method, url }, got, response) => {
    if (url?.includes('/o/') !== true || got.statusCode === 404 || !once(`${method} ${url}`)) return false
    if (method === 'PUT' || method === 'DELETE') response.destroy()
    else {
      response.writeHead(got.statusCode ?? 500, got.headers)
      got.once('data', (bytes: Buffer) => response.write(bytes.subarray(0, 10), () => response.destroy()))
    }
    return true
  })
  const store = await openS3ObjectStore({ ...real, endpoint }, hasty)
  const content = Buffer.alloc(300_000, 3)
  equal(await store.putNew('o/new', [content]), true, 'the second try finds what the first has put')
  equal(await store.putNew('o/new', [content]), false, 'the same bytes of somebody else are not its own')
  await store.put('o/put', [content])
  ok((await store.get('o/new')).equals(content))
  ok((await store.getRange('o/put', 1000, 200_000)).equals(content.subarray(1000, 201_000)))
  ok(lost.size >= 4, [...lost].join())
  await store.remove(['o/new', 'o/put'])
  deepEqual(await Array.fromAsync(store.list('')), [])
  await store.close()
})

test('a store that is silent is given up; one that is none, or replaces what it was asked not to, is refused', async context => {
  const place = { bucket: 'some', region: 'us-east-1', pathStyle: true, prefix: '', accessKey: 'a', secretKey: 'b' }
  const opening = async (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
    openS3ObjectStore({ ...place, endpoint: await serve(context, answer) }, hasty)
  await rejects(
    opening(() => undefined),
    fault('unavailable', /does not answer/, false),
  )
  for (const status of [200, 404])
    await rejects(
      opening(
        (_, response) => void response.writeHead(status, { 'content-type': 'text/html' }).end('<html>hello</html>'),
      ),
      fault('unavailable', /not that of an S3 store|cannot do this/, true),
    )
  const list =
    '<ListBucketResult><Name>some</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>'
  await rejects(
    opening((asked, response) => {
      if (asked.url?.includes('object-lock')) response.writeHead(501).end('<Error><Code>NotImplemented</Code></Error>')
      else if (asked.url?.includes('versioning')) response.end('<VersioningConfiguration/>')
      else if (asked.method === 'PUT') asked.resume().on('end', () => response.end())
      else response.end(list)
    }),
    fault('unavailable', /If-None-Match/, true),
  )
})
