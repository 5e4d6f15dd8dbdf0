/** The NBD server: with our own client over disks of any content, and with clients that mean harm. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect as connectSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { connectNbd } from '../adapters/disks/nbd-client.ts'
import { diskContexts, nbdReader } from '../adapters/disks/nbd-disk.ts'
import { byteStream, ConnectionEnded } from '../nbd-wire/byte-stream.ts'
import { command, magic, option, optionReply } from '../nbd-wire/numbers.ts'
import {
  contextChoiceData,
  exportChoiceData,
  OPTION_REPLY_HEAD_BYTES,
  optionFrame,
  optionReplyHead,
  packed,
} from '../nbd-wire/option-frames.ts'
import { requestFrame } from '../nbd-wire/transmission-frames.ts'
import { Fault } from '../ports/fault.ts'
import type { Log } from '../ports/log.ts'
import { connections, type Entrance } from './connections.ts'
import { cut, type ExportDisk } from './export-disk.ts'
import { listenUnix } from './listeners.ts'
import { openSession } from './session.ts'

const GRAIN = 4096

/** A list of what is worth an operator's attention. */
function openLog(): { readonly log: Log; readonly lines: unknown[] } {
  const lines: unknown[] = []
  const note = (facts: object) => void lines.push(facts)
  const log: Log = { debug: () => undefined, info: () => undefined, warn: note, error: note, child: () => log }
  return { log, lines }
}

function diskOf(content: Buffer): ExportDisk {
  return {
    sizeBytes: content.length,
    read: async (offset, length) => content.subarray(offset, offset + length),
    async *extents(from, to) {
      for (const { offset, length } of cut(from, to - from, GRAIN))
        yield { offset, length, data: content.subarray(offset, offset + length).some(byte => byte !== 0) }
    },
    close: async () => undefined,
  }
}

async function serve(t: TestContext, disk: ExportDisk, allowed = { now: true }) {
  const path = join(tmpdir(), `serve-${randomBytes(6).toString('hex')}`)
  const { log, lines } = openLog()
  const clients = connections(log)
  const session = openSession(disk, async () => allowed.now)
  const entrance: Entrance = {
    names: ['disk'],
    find: async name => (['', 'disk'].includes(name) && (await session.admits()) ? session : undefined),
  }
  const listener = await listenUnix(path, socket => clients.serve(socket, entrance))
  t.after(async () => {
    listener.close()
    clients.cutOff()
    await session.end()
  })
  return { at: { path }, session, lines }
}

test('our client reads through our server what is on the disk, holes and all', async t => {
  const runs = fc.array(fc.record({ length: fc.integer({ min: 1, max: 60_000 }), fill: fc.nat(2) }), {
    minLength: 1,
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(runs, fc.boolean(), async (parts, withContexts) => {
      const content = Buffer.concat(parts.map(({ length, fill }) => Buffer.alloc(length, fill)))
      const { at } = await serve(t, diskOf(content))
      const contexts = withContexts ? { contexts: diskContexts } : {}
      await using reader = nbdReader(await connectNbd({ at, exportName: 'disk' }, contexts), 'disk')
      equal(reader.sizeBytes, content.length)
      const read = Buffer.alloc(content.length, 9)
      await reader.read(read, 0)
      ok(read.equals(content))
      let end = 0
      for await (const { offset, length, data } of reader.extents()) {
        equal(offset, end)
        if (!data) ok(content.subarray(offset, offset + length).every(byte => byte === 0))
        end = offset + length
      }
      equal(end, content.length)
    }),
    { numRuns: 40 },
  )
})

test('a session that may not go on answers nothing more, in or at the door', async t => {
  const allowed = { now: true }
  const { at } = await serve(t, diskOf(Buffer.alloc(GRAIN, 1)), allowed)
  await using client = await connectNbd({ at, exportName: '' })
  await client.read(Buffer.alloc(10), 0)
  allowed.now = false
  await rejects(client.read(Buffer.alloc(10), 0), error => error instanceof Fault && /ESHUTDOWN/.test(error.message))
  await rejects(connectNbd({ at, exportName: '' }), error => error instanceof Fault && error.kind === 'missing')
})

test('who has been let in is cut off when the session ends; nothing of theirs is under way then', async t => {
  let closed = 0
  const { promise: slow, resolve: go } = Promise.withResolvers<void>()
  const countClose = async () => {
    closed += 1
  }
  const disk = { ...diskOf(Buffer.alloc(GRAIN)), close: countClose }
  const { at, session } = await serve(t, {
    ...disk,
    async read(offset, length) {
      await slow
      equal(closed, 0, 'the disk is closed under a read')
      return disk.read(offset, length)
    },
  })
  await using client = await connectNbd({ at, exportName: '' })
  const reading = client.read(Buffer.alloc(10), 0)
  reading.catch(() => undefined)
  await new Promise(resolve => setTimeout(resolve, 20))
  const ending = session.end()
  await rejects(reading, error => error instanceof Fault && error.kind === 'unavailable')
  go()
  await ending
  equal(closed, 1)
})

test('a session takes so many connections and no more', async t => {
  const { at } = await serve(t, diskOf(Buffer.alloc(GRAIN)))
  const clients = await Promise.all(Array.from({ length: 16 }, () => connectNbd({ at, exportName: '' })))
  const late = await connectNbd({ at, exportName: '' })
  await rejects(late.read(Buffer.alloc(1), 0), Fault)
  await clients[0]?.[Symbol.asyncDispose]()
  await new Promise(resolve => setTimeout(resolve, 20))
  await using again = await connectNbd({ at, exportName: '' })
  await again.read(Buffer.alloc(1), 0)
  for (const client of clients) await client[Symbol.asyncDispose]()
})

test('what the backup cannot give is an error of that request, and in the log', async t => {
  const disk = diskOf(Buffer.alloc(10 * GRAIN, 1))
  const { at, lines } = await serve(t, {
    ...disk,
    read: (offset, length) =>
      offset === 0 ? Promise.reject(new Fault('corrupt', 'chunk x in pack y')) : disk.read(offset, length),
  })
  await using client = await connectNbd({ at, exportName: '' })
  await rejects(client.read(Buffer.alloc(10), 0), error => error instanceof Fault && /EIO/.test(error.message))
  await client.read(Buffer.alloc(10), GRAIN)
  equal(lines.length, 1)
})

interface Raw {
  readonly socket: Socket
  take(length: number): Promise<Buffer>
  reply(): Promise<{ readonly type: number; readonly data: Buffer }>
}

/** A client that has said hello, and nothing else. */
async function raw(t: TestContext, path: string, hello = packed({ u32: 3 })): Promise<Raw> {
  const socket = connectSocket(path)
  t.after(() => socket.destroy())
  const stream = byteStream(socket)
  equal((await stream.take(18)).readBigUInt64BE(), magic.greeting)
  socket.write(hello)
  return {
    socket,
    take: stream.take,
    async reply() {
      const head = optionReplyHead(await stream.take(OPTION_REPLY_HEAD_BYTES))
      ok(head)
      return { type: head.type, data: await stream.take(head.length) }
    },
  }
}

test('the handshake refuses what is malformed, and goes on', async t => {
  const { at } = await serve(t, diskOf(Buffer.alloc(GRAIN)))
  const client = await raw(t, at.path)
  const ask = async (asked: number, data?: Uint8Array) => {
    client.socket.write(optionFrame(asked, data))
    return (await client.reply()).type
  }
  equal(await ask(option.setMetaContext, contextChoiceData({ name: '', queries: [] })), optionReply.errInvalid)
  equal(await ask(99, Buffer.alloc(100)), optionReply.errUnsupported)
  equal(await ask(option.startTls), optionReply.errUnsupported)
  equal(await ask(option.structuredReply, Buffer.alloc(1)), optionReply.errInvalid)
  equal(await ask(option.structuredReply), optionReply.ack)
  equal(await ask(option.list, Buffer.alloc(1)), optionReply.errInvalid)
  equal(await ask(option.go, exportChoiceData({ name: 'x', wanted: [] })), optionReply.errUnknown)
  equal(await ask(option.info, Buffer.alloc(3)), optionReply.errInvalid)
  equal(await ask(option.setMetaContext, contextChoiceData({ name: 'x', queries: [] })), optionReply.errUnknown)
  equal(await ask(option.setMetaContext, Buffer.alloc(5)), optionReply.errInvalid)
  client.socket.write(optionFrame(option.list))
  deepEqual((await client.reply()).data.toString('utf8', 4), 'disk')
  equal((await client.reply()).type, optionReply.ack)
  client.socket.write(optionFrame(option.listMetaContext, contextChoiceData({ name: 'disk', queries: [] })))
  deepEqual((await client.reply()).data.toString('utf8', 4), 'base:allocation')
  equal((await client.reply()).type, optionReply.ack)
  equal(await ask(option.abort), optionReply.ack)
  await rejects(client.take(1), ConnectionEnded)
})

test('a client that talks nonsense is hung up on', async t => {
  const { at, lines } = await serve(t, diskOf(Buffer.alloc(GRAIN)))
  const ends = async (hello: Buffer, ...words: readonly Uint8Array[]) => {
    const client = await raw(t, at.path, hello)
    for (const word of words) client.socket.write(word)
    await rejects(client.take(2 ** 20), ConnectionEnded)
  }
  const hello = packed({ u32: 3 })
  await ends(packed({ u32: 0 }))
  await ends(packed({ u32: 0xff }))
  await ends(hello, randomBytes(64))
  await ends(hello, optionFrame(option.list).subarray(0, 12), packed({ u32: 0xffffffff }))
  await ends(hello, optionFrame(option.exportName, Buffer.from('x')))
  await ends(hello, ...Array.from({ length: 100 }, () => optionFrame(99)))
  const go = optionFrame(option.go, exportChoiceData({ name: '', wanted: [] }))
  await ends(hello, go, randomBytes(28))
  await ends(hello, go, requestFrame({ flags: 0, command: command.write, cookie: 1n, offset: 0n, length: 0xffffffff }))
  deepEqual(lines, [], 'nothing of it is worth a line')
})

test('requests outside the disk, too large, or never offered are refused; the connection goes on', async t => {
  const { at } = await serve(t, diskOf(Buffer.alloc(GRAIN)))
  const client = await raw(t, at.path)
  client.socket.write(optionFrame(option.exportName, Buffer.from('disk')))
  equal((await client.take(10)).readBigUInt64BE(), BigInt(GRAIN))
  const errorOf = async (asked: number, offset: bigint, length: number, flags = 0) => {
    client.socket.write(requestFrame({ flags, command: asked, cookie: 7n, offset, length }))
    if (asked === command.write) client.socket.write(Buffer.alloc(length))
    const reply = await client.take(16)
    equal(reply.readBigUInt64BE(8), 7n)
    return reply.readUInt32BE(4)
  }
  const [EPERM, EINVAL] = [1, 22]
  equal(await errorOf(command.read, BigInt(GRAIN), 1), EINVAL)
  equal(await errorOf(command.read, 2n ** 64n - 1n, 1), EINVAL)
  equal(await errorOf(command.read, 0n, 0), EINVAL)
  equal(await errorOf(command.read, 0n, 0xffffffff), EINVAL)
  equal(await errorOf(command.read, 0n, 1, 1), EINVAL)
  equal(await errorOf(command.blockStatus, 0n, 1), EINVAL, 'it was not agreed on')
  equal(await errorOf(command.write, 0n, 10), EPERM)
  equal(await errorOf(command.writeZeroes, 0n, 10), EPERM)
  equal(await errorOf(command.trim, 0n, 10), EINVAL)
  equal(await errorOf(99, 0n, 10), EINVAL)
  equal(await errorOf(command.flush, 0n, 0), 0)
  equal(await errorOf(command.read, BigInt(GRAIN - 1), 1), 0)
  equal((await client.take(1)).length, 1)
})

test('a client that asks and never reads holds no more than its share', async t => {
  let underway = 0
  let most = 0
  const content = Buffer.alloc(64 * 2 ** 20, 1)
  const disk = diskOf(content)
  const { at } = await serve(t, {
    ...disk,
    async *extents(from, to) {
      yield { offset: from, length: to - from, data: true }
    },
    async read(offset, length) {
      underway += length
      most = Math.max(most, underway)
      await new Promise(resolve => setTimeout(resolve, 1))
      underway -= length
      return disk.read(offset, length)
    },
  })
  const client = await raw(t, at.path)
  client.socket.write(optionFrame(option.structuredReply))
  equal((await client.reply()).type, optionReply.ack)
  client.socket.write(optionFrame(option.go, exportChoiceData({ name: '', wanted: [] })))
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 1000; n += 1)
    client.socket.write(
      requestFrame({ flags: 0, command: command.read, cookie: BigInt(n), offset: 0n, length: 32 * 2 ** 20 }),
    )
  await new Promise(resolve => setTimeout(resolve, 300))
  ok(most <= 40 * 2 ** 20, `${most} bytes were read at once`)
  ok(process.memoryUsage().arrayBuffers - before < 80 * 2 ** 20)
})
