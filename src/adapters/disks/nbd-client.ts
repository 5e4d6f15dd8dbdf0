/**
 * Our side of a connection to an NBD server: several requests under way at once, each with its time limit. A server that
 * breaks the protocol, falls silent or goes away fails all of them, and every later one, with the same Fault; there is
 * no second try here, since a job begins anew anyway.
 */
import { connect, type Socket } from 'node:net'
import { type ByteStream, byteStream, ConnectionEnded } from '../../nbd-wire/byte-stream.ts'
import { CHUNK_DONE, command, magic } from '../../nbd-wire/numbers.ts'
import { sender } from '../../nbd-wire/sender.ts'
import {
  CHUNK_REST_BYTES,
  type ChunkHead,
  chunkHeadOf,
  REPLY_MAGIC_BYTES,
  requestFrame,
  SIMPLE_REST_BYTES,
} from '../../nbd-wire/transmission-frames.ts'
import { Fault } from '../../ports/fault.ts'
import { systemCode } from '../../ports/system-fault.ts'
import { handshake, type NbdExport } from './nbd-handshake.ts'
import { NbdRefused, violation } from './nbd-peer.ts'
import { errorChunk, isError, plainReply, type Reply, readReply, type StatusRun, statusReply } from './nbd-replies.ts'
import type { NbdAddress } from './nbd-uri.ts'

/** Offsets and lengths keep to the export's blocks; a request that does not is the caller's bug. */
export interface NbdClient extends AsyncDisposable {
  readonly export: NbdExport
  read(into: Uint8Array, offset: number): Promise<void>
  write(from: Uint8Array, offset: number): Promise<void>
  zero(offset: number, length: number): Promise<void>
  flush(): Promise<void>
  /** Runs from `offset` on, at least one; `NbdRefused` where the server cannot tell. */
  status(context: string, offset: number, length: number): Promise<readonly StatusRun[]>
}

export interface NbdOptions {
  /** Wanted beside the bytes: `base:allocation`, `qemu:dirty-bitmap:NAME`. */
  readonly contexts?: readonly string[]
  /** Milliseconds that the server gets for the whole handshake, and for each answer. */
  readonly patience?: number
}

const PATIENCE_MS = 30_000
/** What QEMU takes before it stops reading requests. */
const MOST_REQUESTS = 16

interface Pending {
  readonly reply: Reply
  refused?: NbdRefused
  settle(error?: unknown): void
}

/** Faults: `missing` (no server, no such export), `denied`, `corrupt` (not NBD), `unavailable` (silent, or gone). */
export async function connectNbd({ at, exportName }: NbdAddress, options: NbdOptions = {}): Promise<NbdClient> {
  const patience = options.patience ?? PATIENCE_MS
  const socket = connect('path' in at ? { path: at.path } : { ...at, noDelay: true, keepAlive: true })
  const stream = byteStream(socket)
  const late = setTimeout(() => socket.destroy(silent(patience)), patience)
  try {
    await connected(socket)
    const line = { stream, send: sender(socket, patience) }
    const terms = await handshake(line, exportName, options.contexts ?? [])
    return talk(socket, { ...line, terms, patience })
  } catch (error) {
    socket.destroy()
    throw faultOf(error)
  } finally {
    clearTimeout(late)
  }
}

const silent = (patience: number): Fault =>
  new Fault('unavailable', `the NBD server did not answer within ${patience / 1000} s`)

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
}

/** What a broken connection means; our own reason for breaking it comes first. */
function faultOf(error: unknown): unknown {
  const code = systemCode(error)
  if (code !== undefined) {
    const kind = code === 'ENOENT' ? 'missing' : code === 'EACCES' ? 'denied' : 'unavailable'
    return new Fault(kind, `cannot reach the NBD server: ${code}`, { cause: error })
  }
  if (!(error instanceof ConnectionEnded)) return error
  if (error.cause instanceof Fault) return error.cause
  return new Fault('unavailable', 'the NBD server ended the connection', { cause: error.cause })
}

interface Talk {
  readonly stream: ByteStream
  readonly send: ReturnType<typeof sender>
  readonly terms: NbdExport
  readonly patience: number
}

function talk(socket: Socket, { stream, send, terms, patience }: Talk): NbdClient {
  const pending = new Map<bigint, Pending>()
  const waiting: (() => void)[] = []
  let cookies = 0n
  let failure: unknown

  const fail = (error: unknown) => {
    failure ??= faultOf(error)
    socket.destroy()
    for (const request of pending.values()) request.settle(failure)
    for (const next of waiting.splice(0)) next()
  }
  replies(stream, pending, terms.structured).catch(fail)

  const turn = async () => {
    if (pending.size >= MOST_REQUESTS || waiting.length > 0) await new Promise<void>(resolve => waiting.push(resolve))
    if (failure !== undefined) throw failure
  }

  const request = async (ask: { command: number; offset: number; length: number }, reply: Reply, data?: Uint8Array) => {
    await turn()
    cookies += 1n
    const cookie = cookies
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => fail(silent(patience)), patience)
    pending.set(cookie, {
      reply,
      settle(error) {
        clearTimeout(timer)
        pending.delete(cookie)
        waiting.shift()?.()
        if (error === undefined) resolve()
        else reject(error)
      },
    })
    const frame = requestFrame({ ...ask, flags: 0, cookie, offset: BigInt(ask.offset) })
    send(frame, ...(data ? [data] : [])).catch(fail)
    await promise
  }

  return {
    export: terms,
    read: (into, offset) => request({ command: command.read, offset, length: into.length }, readReply(into, offset)),
    write: (from, offset) => request({ command: command.write, offset, length: from.length }, plainReply(), from),
    zero: (offset, length) => request({ command: command.writeZeroes, offset, length }, plainReply()),
    flush: () => request({ command: command.flush, offset: 0, length: 0 }, plainReply()),
    async status(name, offset, length) {
      const context = terms.contexts.get(name)
      if (context === undefined) throw new Error(`the context ${name} was not agreed on`)
      const runs: StatusRun[] = []
      const others = [...terms.contexts.values()].filter(other => other !== context)
      await request({ command: command.blockStatus, offset, length }, statusReply(context, others, length, runs))
      return runs
    },
    async [Symbol.asyncDispose]() {
      if (!socket.destroyed) {
        const goodbye = { command: command.disconnect, flags: 0, cookie: 0n, offset: 0n, length: 0 }
        await new Promise<void>(resolve => {
          socket.once('close', () => resolve()).end(requestFrame(goodbye))
          // A server that does not hang up is left standing.
          setTimeout(() => socket.destroy(), 1000).unref()
        })
      }
      fail(new Fault('unavailable', 'the connection to the NBD server is closed'))
    },
  }
}

/** Reads replies until the connection ends; never resolves. */
async function replies(stream: ByteStream, pending: Map<bigint, Pending>, structured: boolean): Promise<never> {
  const requestOf = (cookie: bigint): Pending => {
    const found = pending.get(cookie)
    if (found === undefined) throw violation('an answer to what was not asked')
    return found
  }
  for (;;) {
    const kind = (await stream.take(REPLY_MAGIC_BYTES)).readUInt32BE()
    if (kind === magic.simpleReply) {
      const rest = await stream.take(SIMPLE_REST_BYTES)
      const request = requestOf(rest.readBigUInt64BE(4))
      if (structured && request.reply.hasData) throw violation('a simple answer where structured ones were agreed on')
      await simple(request, rest.readUInt32BE(0), stream)
    } else if (kind === magic.structuredReply && structured) {
      const head = chunkHeadOf(await stream.take(CHUNK_REST_BYTES))
      await take(requestOf(head.cookie), head, stream)
    } else throw violation('an answer that is none')
  }
}

async function simple(request: Pending, error: number, stream: ByteStream): Promise<void> {
  if (error !== 0) return request.settle(new NbdRefused(error, ''))
  await request.reply.simple(stream)
  request.settle()
}

async function take(request: Pending, head: ChunkHead, stream: ByteStream): Promise<void> {
  if (isError(head)) request.refused ??= await errorChunk(head, stream)
  else if (head.type !== 0) await request.reply.chunk(head, stream)
  else if (head.length !== 0 || (head.flags & CHUNK_DONE) === 0) throw violation('a last chunk that is none')
  if ((head.flags & CHUNK_DONE) === 0) return
  if (request.refused === undefined) request.reply.check()
  request.settle(request.refused)
}
