/**
 * The server's side of the handshake: fixed newstyle only. Over TCP nothing is said before TLS, and names of exports are
 * secrets: a wrong one is answered like any other, and none is listed.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import { type ByteStream, byteStream } from '../nbd-wire/byte-stream.ts'
import {
  ALLOCATION,
  exportFlag,
  handshakeFlag,
  info,
  LARGEST_REQUEST,
  LONGEST_TEXT,
  magic,
  option,
  optionReply,
} from '../nbd-wire/numbers.ts'
import {
  contextChoiceOf,
  exportChoiceOf,
  lengthAndText,
  OPTION_HEAD_BYTES,
  optionHead,
  optionReplyFrame,
  packed,
} from '../nbd-wire/option-frames.ts'
import { type Send, sender } from '../nbd-wire/sender.ts'
import { BLOCK_BYTES, type ExportDisk } from './export-disk.ts'

export interface Line {
  readonly stream: ByteStream
  readonly send: Send
  /** Ends the connection at once. */
  hangUp(): void
}

/** One session, for one connection. */
export interface Served {
  readonly disk: ExportDisk
  /** Whether the session may go on; asked before every request. */
  admits(): Promise<boolean>
}

/** Who may come in at a listener. */
export interface Welcome {
  /** The session that the name of an export lets in to, once it may be read. */
  find(name: string): Promise<Served | undefined>
  /** What `list` tells; absent: names are secrets. */
  readonly names?: readonly string[]
  /** Absent: no TLS here, and none needed. */
  readonly secure?: SecureContext
}

export interface Agreed extends Line {
  readonly served: Served
  readonly structured: boolean
  /** Whether `base:allocation` may be asked for. */
  readonly allocation: boolean
}

/** The number that clients name the one context by. */
export const ALLOCATION_ID = 1
/** Milliseconds that a client may leave what it asked for untaken. */
const PATIENCE_MS = 60_000
const MOST_OPTIONS = 64
const MOST_OPTION_BYTES = 8 * LONGEST_TEXT

interface Talk {
  readonly welcome: Welcome
  readonly line: Line
  readonly noZeroes: boolean
  structured: boolean
  /** The export for which allocation was asked. */
  allocationOf: string | undefined
}

type Outcome = Agreed | 'stay' | 'leave'

const lineOf = (socket: Duplex): Line => ({
  stream: byteStream(socket),
  send: sender(socket, PATIENCE_MS),
  hangUp: () => void socket.destroy(),
})

/** Undefined: the client leaves, or talks nonsense. Rejects when the connection ends. */
export async function negotiate(socket: Socket, welcome: Welcome): Promise<Agreed | undefined> {
  const plain = lineOf(socket)
  await plain.send(packed(magic.greeting, magic.option, { u16: handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes }))
  const flags = (await plain.stream.take(4)).readUInt32BE()
  if ((flags | handshakeFlag.noZeroes) !== (handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes)) return undefined
  const line = welcome.secure ? await upgraded(socket, plain, welcome.secure) : plain
  if (line === undefined) return undefined
  const noZeroes = (flags & handshakeFlag.noZeroes) !== 0
  const talk: Talk = { welcome, line, noZeroes, structured: false, allocationOf: undefined }
  for (let asked = 0; asked < MOST_OPTIONS; asked += 1) {
    const next = await nextOption(line)
    if (next === undefined) return undefined
    const outcome = await answer(talk, next.option, next.data)
    if (outcome === 'leave') return undefined
    if (outcome !== 'stay') return outcome
  }
  return undefined
}

async function nextOption({ stream }: Line): Promise<{ option: number; data: Buffer } | undefined> {
  const head = optionHead(await stream.take(OPTION_HEAD_BYTES))
  if (head === undefined || head.length > MOST_OPTION_BYTES) return undefined
  return { option: head.option, data: await stream.take(head.length) }
}

/** Everything but the wish for TLS is put off until then. */
async function upgraded(socket: Socket, plain: Line, secureContext: SecureContext): Promise<Line | undefined> {
  for (let asked = 0; asked < MOST_OPTIONS; asked += 1) {
    const next = await nextOption(plain)
    if (next === undefined || next.option === option.exportName) return undefined
    if (next.option === option.startTls && next.data.length === 0) {
      // What was sent along in the clear would be taken for said in secret.
      if (plain.stream.hasMore()) return undefined
      await plain.send(optionReplyFrame(option.startTls, optionReply.ack))
      plain.stream.detach()
      const secured = new TLSSocket(socket, { isServer: true, secureContext })
      const line = lineOf(secured)
      await new Promise<void>((resolve, reject) => {
        secured.once('secure', () => resolve()).once('error', reject)
        secured.once('close', () => reject(new Error('the client left before TLS was agreed on')))
      })
      return line
    }
    if (next.option === option.abort) return undefined
    await plain.send(optionReplyFrame(next.option, optionReply.errTlsRequired))
  }
  return undefined
}

async function answer(talk: Talk, asked: number, data: Buffer): Promise<Outcome> {
  const { line, welcome } = talk
  const reply = (type: number, content?: Uint8Array) => line.send(optionReplyFrame(asked, type, content))
  switch (asked) {
    case option.exportName:
      return exportByName(talk, data)
    case option.abort:
      await reply(optionReply.ack)
      return 'leave'
    case option.list:
      if (welcome.names === undefined || data.length > 0) {
        await reply(welcome.names === undefined ? optionReply.errPolicy : optionReply.errInvalid)
        return 'stay'
      }
      for (const name of welcome.names) await reply(optionReply.server, lengthAndText(name))
      await reply(optionReply.ack)
      return 'stay'
    case option.info:
    case option.go:
      return exportByChoice(talk, asked, data)
    case option.structuredReply:
      talk.structured ||= data.length === 0
      await reply(data.length === 0 ? optionReply.ack : optionReply.errInvalid)
      return 'stay'
    case option.listMetaContext:
    case option.setMetaContext:
      await contexts(talk, asked, data)
      return 'stay'
    default:
      await reply(optionReply.errUnsupported)
      return 'stay'
  }
}

/** The old way, which knows no refusal but silence. */
async function exportByName(talk: Talk, data: Buffer): Promise<Outcome> {
  const served = await talk.welcome.find(data.toString('utf8'))
  if (served === undefined) return 'leave'
  await talk.line.send(termsOf(served.disk), Buffer.alloc(talk.noZeroes ? 0 : 124))
  return agreed(talk, served, data.toString('utf8'))
}

async function exportByChoice(talk: Talk, asked: number, data: Buffer): Promise<Outcome> {
  const { line, welcome } = talk
  const reply = (type: number, content?: Uint8Array) => line.send(optionReplyFrame(asked, type, content))
  const choice = exportChoiceOf(data)
  const served = choice && (await welcome.find(choice.name))
  if (choice === undefined || served === undefined) {
    await reply(choice === undefined ? optionReply.errInvalid : optionReply.errUnknown)
    return 'stay'
  }
  await reply(optionReply.info, Buffer.concat([packed({ u16: info.export }), termsOf(served.disk)]))
  if (choice.wanted.includes(info.blockSize)) {
    const sizes = [{ u32: 1 }, { u32: BLOCK_BYTES }, { u32: LARGEST_REQUEST }]
    await reply(optionReply.info, packed({ u16: info.blockSize }, ...sizes))
  }
  await reply(optionReply.ack)
  return asked === option.go ? agreed(talk, served, choice.name) : 'stay'
}

const agreed = ({ line, structured, allocationOf }: Talk, served: Served, name: string): Agreed => ({
  ...line,
  served,
  structured,
  allocation: structured && allocationOf === name,
})

function termsOf({ sizeBytes, changes }: ExportDisk): Buffer {
  // A session that takes writes shares one overlay between its connections, so that each sees what the others wrote.
  const always = exportFlag.hasFlags | exportFlag.multiConnection
  const writable = exportFlag.flush | exportFlag.fua | exportFlag.writeZeroes
  return packed(BigInt(sizeBytes), { u16: always | (changes ? writable : exportFlag.readOnly) })
}

/** There is one context; `base:` asks for all of its kind, where they are only listed. */
async function contexts(talk: Talk, asked: number, data: Buffer): Promise<void> {
  const reply = (type: number, content?: Uint8Array) => talk.line.send(optionReplyFrame(asked, type, content))
  const choice = contextChoiceOf(data)
  if (choice === undefined || !talk.structured) return reply(optionReply.errInvalid)
  if ((await talk.welcome.find(choice.name)) === undefined) return reply(optionReply.errUnknown)
  const lists = asked === option.listMetaContext
  const wanted =
    choice.queries.includes(ALLOCATION) || (lists && (choice.queries.length === 0 || choice.queries.includes('base:')))
  if (!lists) talk.allocationOf = wanted ? choice.name : undefined
  if (wanted) await reply(optionReply.metaContext, packed({ u32: lists ? 0 : ALLOCATION_ID }, ALLOCATION))
  await reply(optionReply.ack)
}
