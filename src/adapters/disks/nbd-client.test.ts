/** Our NBD client against servers that lie, fall silent, or were never NBD servers. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ByteStream, byteStream } from '../../nbd-wire/byte-stream.ts'
import { ALLOCATION, chunk, info, magic, option, optionReply } from '../../nbd-wire/numbers.ts'
import { OPTION_HEAD_BYTES, optionHead, optionReplyFrame, packed } from '../../nbd-wire/option-frames.ts'
import {
  chunkFrame,
  REQUEST_BYTES,
  type Request,
  requestOf,
  simpleReplyFrame,
} from '../../nbd-wire/transmission-frames.ts'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { connectNbd, type NbdClient } from './nbd-client.ts'
import { nbdReader, nbdWriter } from './nbd-disk.ts'

const MiB = 1024 * 1024
const SIZE = 4 * MiB
const kind = (wanted: FaultKind, text?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && (text === undefined || text.test(error.message))

type Answer = (request: Request, socket: Socket) => void

/** What one server does otherwise than a good one would. */
interface Oddity {
  readonly greeting?: Buffer
  /** Instead of the usual replies to one option: type and data of each. */
  readonly options?: Readonly<Record<number, readonly (readonly [number, Uint8Array?])[]>>
  readonly raw?: Readonly<Record<number, Buffer>>
  readonly answer?: Answer
}

const exportInfo = (size: bigint, flags = 0b1000101) => packed({ u16: info.export }, size, { u16: flags })
const context = (id: number, name: string) => packed({ u32: id }, name)
const usual: NonNullable<Oddity['options']> = {
  [option.structuredReply]: [[optionReply.ack]],
  [option.setMetaContext]: [[optionReply.metaContext, context(7, ALLOCATION)], [optionReply.ack]],
  [option.go]: [[optionReply.info, exportInfo(BigInt(SIZE))], [optionReply.ack]],
}

async function serve(socket: Socket, stream: ByteStream, oddity: Oddity): Promise<void> {
  socket.write(oddity.greeting ?? packed(magic.greeting, magic.option, { u16: 3 }))
  await stream.take(4)
  for (let asked = 0; asked !== option.go; ) {
    const head = optionHead(await stream.take(OPTION_HEAD_BYTES))
    ok(head)
    asked = head.option
    await stream.take(head.length)
    const raw = oddity.raw?.[asked]
    if (raw) socket.write(raw)
    else
      for (const [type, data] of oddity.options?.[asked] ?? usual[asked] ?? [])
        socket.write(optionReplyFrame(asked, type, data))
  }
  for (;;) {
    const request = requestOf(await stream.take(REQUEST_BYTES))
    ok(request)
    if (request.command === 2) return void socket.end()
    oddity.answer?.(request, socket)
  }
}

async function address(t: TestContext, oddity: Oddity): Promise<string> {
  const path = join(tmpdir(), `nbd-${randomBytes(6).toString('hex')}`)
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    serve(socket, byteStream(socket), oddity).catch(() => socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return path
}

const PATIENCE = 200

async function connect(t: TestContext, oddity: Oddity): Promise<NbdClient> {
  const at = { path: await address(t, oddity) }
  const client = await connectNbd({ at, exportName: 'disk' }, { contexts: [ALLOCATION], patience: PATIENCE })
  t.after(() => client[Symbol.asyncDispose]())
  return client
}

const refused = (what: string, wanted: FaultKind, oddity: Oddity, text?: RegExp) =>
  test(`handshake: ${what}`, async t => {
    await rejects(connect(t, oddity), kind(wanted, text))
  })

refused('no NBD server', 'corrupt', { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }, /greets like no/)
refused('the oldstyle', 'denied', { greeting: packed(magic.greeting, 0x00420281861253n, 0n) }, /too old/)
refused('not the fixed newstyle', 'denied', { greeting: packed(magic.greeting, magic.option, { u16: 0 }) }, /too old/)
refused('silence', 'unavailable', { greeting: Buffer.alloc(0) }, /did not answer within 0.2 s/)
refused('silence after the greeting', 'unavailable', { options: { [option.go]: [] } })
refused('no such export', 'missing', { options: { [option.go]: [[optionReply.errUnknown, Buffer.from('no such')]] } })
refused('TLS only', 'denied', { options: { [option.go]: [[optionReply.errTlsRequired]] } }, /TLS/)
refused(
  'a text with control characters',
  'denied',
  {
    options: { [option.go]: [[optionReply.errPolicy, Buffer.from('a\x1b[31m\nb')]] },
  },
  /: a\?\[31m\?b$/,
)
refused('an answer to something else', 'corrupt', {
  raw: { [option.go]: optionReplyFrame(option.list, optionReply.ack) },
})
refused('junk for an answer', 'corrupt', { raw: { [option.go]: randomBytes(100) } })
refused(
  'an answer without end',
  'corrupt',
  {
    raw: { [option.go]: Buffer.from('0003e889045565a90000000700000003ffffffff', 'hex') },
  },
  /4294967295 bytes/,
)
refused('answers without end', 'corrupt', {
  options: { [option.go]: Array.from({ length: 200 }, () => [optionReply.info, packed({ u16: 9 })] as const) },
})
refused('no size', 'corrupt', { options: { [option.go]: [[optionReply.ack]] } })
refused('a size no disk has', 'corrupt', {
  options: { [option.go]: [[optionReply.info, exportInfo(2n ** 63n)], [optionReply.ack]] },
})
refused('information too short', 'corrupt', {
  options: { [option.go]: [[optionReply.info, Buffer.alloc(1)], [optionReply.ack]] },
})
for (const [least, most] of [
  [0, MiB],
  [3, MiB],
  [131_072, MiB],
  [4096, 512],
] as const) {
  const sizes = packed({ u16: info.blockSize }, { u32: least }, { u32: 4096 }, { u32: most })
  refused(`blocks of ${least} to ${most}`, 'corrupt', {
    options: {
      [option.go]: [[optionReply.info, exportInfo(BigInt(SIZE))], [optionReply.info, sizes], [optionReply.ack]],
    },
  })
}
refused('a context nobody asked for', 'corrupt', {
  options: { [option.setMetaContext]: [[optionReply.metaContext, context(1, 'x:y')], [optionReply.ack]] },
})

test('a server that is not there, or goes away, is unavailable', async t => {
  await rejects(connectNbd({ at: { path: '/nowhere/nbd' }, exportName: '' }), kind('missing'))
  await rejects(connectNbd({ at: { host: '127.0.0.1', port: 1 }, exportName: '' }), kind('unavailable', /ECONNREFUSED/))
  const client = await connect(t, { answer: (_request, socket) => socket.destroy() })
  await rejects(client.read(Buffer.alloc(10), 0), kind('unavailable', /ended the connection/))
  await rejects(client.flush(), kind('unavailable'), 'and every later request fails like the first')
})

test('a server without structured replies or contexts is read all the same, as data', async t => {
  const content = randomBytes(SIZE)
  const client = await connect(t, {
    options: { [option.structuredReply]: [[optionReply.errUnsupported]] },
    answer({ cookie, offset, length }, socket) {
      socket.write(simpleReplyFrame(cookie, 0))
      socket.write(content.subarray(Number(offset), Number(offset) + length))
    },
  })
  await using reader = nbdReader(client, 'disk')
  deepEqual(await Array.fromAsync(reader.extents()), [{ offset: 0, length: SIZE, data: true }])
  const into = Buffer.alloc(SIZE - 1000)
  await reader.read(into, 500)
  ok(into.equals(content.subarray(500, SIZE - 500)))
  await rejects(reader.read(into, 2000), RangeError)
})

/** Sends one chunk after another, the last with the flag. */
const chunks = (...parts: readonly (readonly [type: number, data: Uint8Array])[]): Answer => {
  return ({ cookie }, socket) => {
    for (const [at, [type, data]] of parts.entries()) {
      socket.write(chunkFrame({ flags: at === parts.length - 1 ? 1 : 0, type, cookie, length: data.length }))
      socket.write(data)
    }
  }
}
const data = (offset: number, bytes: Uint8Array) =>
  [chunk.offsetData, Buffer.concat([packed(BigInt(offset)), bytes])] as const
const hole = (offset: number, length: number) => [chunk.offsetHole, packed(BigInt(offset), { u32: length })] as const
const none = [chunk.none, Buffer.alloc(0)] as const
const error = (code: number, text = '') => [chunk.error, packed({ u32: code }, { u16: text.length }, text)] as const

test('a read may come in pieces, in any order, with holes', async t => {
  const bytes = randomBytes(100)
  const client = await connect(t, {
    answer: chunks(data(70, bytes.subarray(20, 30)), hole(80, 70), data(50, bytes.subarray(0, 20)), none),
  })
  const into = Buffer.alloc(100, 1)
  await client.read(into, 50)
  deepEqual(into, Buffer.concat([bytes.subarray(0, 30), Buffer.alloc(70)]))
})

const lies: Readonly<Record<string, Answer>> = {
  'a part left out': chunks(data(0, Buffer.alloc(40)), data(60, Buffer.alloc(40))),
  'nothing at all': chunks(none),
  'a part twice': chunks(data(0, Buffer.alloc(60)), data(40, Buffer.alloc(60))),
  'data before the range': chunks(data(2 ** 40, Buffer.alloc(100))),
  'data behind the range': chunks(data(50, Buffer.alloc(100))),
  'a hole larger than the disk': chunks(hole(0, 0xffffffff)),
  'a hole of nothing': chunks(hole(0, 0), data(0, Buffer.alloc(100))),
  'a chunk too short': chunks([chunk.offsetData, Buffer.alloc(8)]),
  'a chunk of no known type': chunks([77, Buffer.alloc(8)]),
  'a status instead of data': chunks([chunk.blockStatus, packed({ u32: 7 }, { u32: 1 }, { u32: 0 })]),
  'an empty chunk in the middle': chunks(none, data(0, Buffer.alloc(100))),
  'a chunk without end': (request, socket) =>
    socket.write(chunkFrame({ flags: 1, type: chunk.offsetData, cookie: request.cookie, length: 0xffffffff })),
  'an error without end': (request, socket) =>
    socket.write(chunkFrame({ flags: 1, type: chunk.error, cookie: request.cookie, length: 0xffffffff })),
  'an error text beyond its chunk': chunks([chunk.error, packed({ u32: 5 }, { u16: 50 }, 'x')]),
  'an answer to nobody': ({ cookie }, socket) => socket.write(simpleReplyFrame(cookie + 1n, 0)),
  'a simple answer': ({ cookie }, socket) =>
    socket.write(Buffer.concat([simpleReplyFrame(cookie, 0), Buffer.alloc(100)])),
  junk: (_request, socket) => socket.write(randomBytes(4096)),
}
for (const [what, answer] of Object.entries(lies)) {
  test(`reading: ${what}`, async t => {
    const client = await connect(t, { answer })
    await rejects(client.read(Buffer.alloc(100), 0), kind('corrupt'))
    await rejects(client.read(Buffer.alloc(100), 0), kind('corrupt'), 'the connection is not trusted again')
  })
}

test('silence and trickles end at the time limit', async t => {
  const silent = await connect(t, {})
  await rejects(Promise.all([silent.read(Buffer.alloc(9), 0), silent.flush()]), kind('unavailable', /did not answer/))
  const trickle = await connect(t, {
    answer({ cookie }, socket) {
      socket.write(chunkFrame({ flags: 1, type: chunk.offsetData, cookie, length: 108 }))
      const drip = setInterval(() => socket.destroyed || socket.write(Buffer.alloc(1)), 20)
      socket.once('close', () => clearInterval(drip))
    },
  })
  await rejects(trickle.read(Buffer.alloc(100), 0), kind('unavailable'))
})

test('an error concerns its request only', async t => {
  const client = await connect(t, {
    answer(request, socket) {
      const failing = chunks(data(0, Buffer.alloc(10)), error(5, 'bad sector'))
      const working = chunks(data(Number(request.offset), Buffer.alloc(100, 3)))
      ;(request.offset === 0n ? failing : working)(request, socket)
    },
  })
  await rejects(client.read(Buffer.alloc(100), 0), kind('unreadable', /EIO, bad sector/))
  const into = Buffer.alloc(100)
  await client.read(into, 512)
  ok(into.equals(Buffer.alloc(100, 3)))
})

const statusOf = (...runs: readonly (readonly [length: number, flags: number])[]) =>
  [
    chunk.blockStatus,
    packed({ u32: 7 }, ...runs.flatMap(([length, flags]) => [{ u32: length }, { u32: flags }])),
  ] as const

async function extentsBy(t: TestContext, answer: Answer) {
  await using reader = nbdReader(await connect(t, { answer }), 'disk')
  return await Array.fromAsync(reader.extents())
}

test('extents: as the server tells them, and no further than the disk', async t => {
  const told = await extentsBy(t, chunks(statusOf([MiB, 0], [MiB, 1], [MiB, 3], [9 * MiB, 2])))
  deepEqual(told, [
    { offset: 0, length: 2 * MiB, data: true },
    { offset: 2 * MiB, length: 2 * MiB, data: false },
  ])
})

test('extents: who cannot tell, or only ever tells a little, is read', async t => {
  const all = [{ offset: 0, length: SIZE, data: true }]
  deepEqual(await extentsBy(t, (...given) => chunks(error(95))(...given)), all)
  let asked = 0
  const little = await extentsBy(t, (request, socket) => {
    asked += 1
    chunks(statusOf([1, 3]))(request, socket)
  })
  equal(asked, 1)
  deepEqual(little, [
    { offset: 0, length: 1, data: false },
    { offset: 1, length: SIZE - 1, data: true },
  ])
})

const statusLies: Readonly<Record<string, Answer>> = {
  'of nothing': chunks(none),
  'of no bytes': chunks(statusOf([0, 0])),
  'of another context': chunks([chunk.blockStatus, packed({ u32: 8 }, { u32: SIZE }, { u32: 0 })]),
  'of too many runs': chunks(statusOf([SIZE, 0], [SIZE, 3])),
  twice: chunks(statusOf([MiB, 0]), statusOf([MiB, 0])),
  'cut off': chunks([chunk.blockStatus, packed({ u32: 7 }, { u32: SIZE })]),
  'as a simple answer': ({ cookie }, socket) => socket.write(simpleReplyFrame(cookie, 0)),
}
for (const [what, answer] of Object.entries(statusLies))
  test(`extents: a status ${what}`, async t => {
    await rejects(extentsBy(t, answer), kind('corrupt'))
  })

test('a server that takes no writes, or has no flush, is not written to', async t => {
  const flags = (bits: number) => ({
    options: { [option.go]: [[optionReply.info, exportInfo(BigInt(SIZE), bits)] as const, [optionReply.ack] as const] },
  })
  await rejects(nbdWriter(await connect(t, flags(0b111)), 'disk'), kind('denied', /for reading only/))
  await rejects(nbdWriter(await connect(t, flags(0b001)), 'disk'), kind('denied', /durable/))
})
