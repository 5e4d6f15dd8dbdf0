/** Agrees with an NBD server on one export: fixed newstyle, structured replies and meta contexts where it has them. */

import type { ByteStream } from '../../nbd-wire/byte-stream.ts'
import {
  exportFlag,
  handshakeFlag,
  info,
  LARGEST_REQUEST,
  LONGEST_TEXT,
  magic,
  OPTION_ERROR,
  option,
  optionReply,
} from '../../nbd-wire/numbers.ts'
import {
  contextChoiceData,
  exportChoiceData,
  OPTION_REPLY_HEAD_BYTES,
  optionFrame,
  optionReplyHead,
  packed,
} from '../../nbd-wire/option-frames.ts'
import type { Send } from '../../nbd-wire/sender.ts'
import { Fault } from '../../ports/fault.ts'
import { spoken, violation } from './nbd-peer.ts'

/** What the server offers. */
export interface NbdExport {
  readonly sizeBytes: number
  readonly readOnly: boolean
  readonly canFlush: boolean
  readonly canZero: boolean
  readonly structured: boolean
  /** Requests begin and end at multiples of `least`, and carry at most `most` bytes. */
  readonly block: { readonly least: number; readonly most: number }
  /** The number of each context that was asked for and that the server has. */
  readonly contexts: ReadonlyMap<string, number>
}

export interface Line {
  readonly stream: ByteStream
  readonly send: Send
}

/** The protocol's limit on the least block. */
const LARGEST_LEAST = 65_536
/** Replies to one option, at most; a server with a thousand contexts is not talking to us. */
const MOST_REPLIES = 100

/** Faults: `missing` (no such export), `denied` (by the server, or for want of TLS), `corrupt` (it speaks no NBD). */
export async function handshake(line: Line, exportName: string, contexts: readonly string[]): Promise<NbdExport> {
  await greet(line)
  const structured = (await ask(line, option.structuredReply)).refused === undefined
  const found = structured && contexts.length > 0 ? await choose(line, exportName, contexts) : new Map<string, number>()
  return { ...(await go(line, exportName)), structured, contexts: found }
}

async function greet({ stream, send }: Line): Promise<void> {
  const greeting = await stream.take(18)
  if (greeting.readBigUInt64BE(0) !== magic.greeting) throw violation('it greets like no NBD server')
  if (greeting.readBigUInt64BE(8) !== magic.option || (greeting.readUInt16BE(16) & handshakeFlag.fixedNewstyle) === 0)
    throw new Fault('denied', 'the NBD server is too old: it does not know the fixed newstyle handshake')
  await send(packed({ u32: handshakeFlag.fixedNewstyle | (greeting.readUInt16BE(16) & handshakeFlag.noZeroes) }))
}

interface Answer {
  /** Types and data of what came before the acknowledgement. */
  readonly replies: readonly { readonly type: number; readonly data: Buffer }[]
  readonly refused?: { readonly type: number; readonly text: string }
}

async function ask({ stream, send }: Line, asked: number, data?: Uint8Array): Promise<Answer> {
  await send(optionFrame(asked, data))
  const replies: { type: number; data: Buffer }[] = []
  while (replies.length < MOST_REPLIES) {
    const head = optionReplyHead(await stream.take(OPTION_REPLY_HEAD_BYTES))
    if (head?.option !== asked) throw violation('it answers what was not asked')
    if (head.length > 2 * LONGEST_TEXT) throw violation(`an answer of ${head.length} bytes to option ${asked}`)
    const reply = await stream.take(head.length)
    if (head.type >= OPTION_ERROR) return { replies, refused: { type: head.type, text: spoken(reply) } }
    if (head.type === optionReply.ack) return { replies }
    replies.push({ type: head.type, data: reply })
  }
  throw violation(`more than ${MOST_REPLIES} answers to option ${asked}`)
}

/** A server without contexts, or without these, is a server all the same. */
async function choose(line: Line, name: string, queries: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { replies, refused } = await ask(line, option.setMetaContext, contextChoiceData({ name, queries }))
  const found = new Map<string, number>()
  if (refused) return found
  for (const { type, data } of replies) {
    if (type !== optionReply.metaContext || data.length < 4) throw violation('a context that is none')
    const context = data.toString('utf8', 4)
    if (!queries.includes(context)) throw violation('a context that was not asked for')
    found.set(context, data.readUInt32BE(0))
  }
  if (new Set(found.values()).size !== found.size) throw violation('two contexts with one number')
  return found
}

type Terms = Omit<NbdExport, 'structured' | 'contexts'>

async function go(line: Line, name: string): Promise<Terms> {
  const { replies, refused } = await ask(line, option.go, exportChoiceData({ name, wanted: [info.blockSize] }))
  if (refused) throw declined(name, refused)
  let terms: Omit<Terms, 'block'> | undefined
  let block = { least: 1, most: LARGEST_REQUEST }
  for (const { type, data } of replies) {
    if (type !== optionReply.info || data.length < 2) throw violation('information that is none')
    const kind = data.readUInt16BE(0)
    if (kind === info.export) terms = termsOf(data)
    if (kind === info.blockSize) block = blockOf(data)
  }
  if (terms === undefined) throw violation('it does not say how large the export is')
  if (terms.sizeBytes % block.least !== 0) throw violation('the export does not end where a block does')
  return { ...terms, block }
}

function termsOf(data: Buffer): Omit<Terms, 'block'> {
  if (data.length !== 12) throw violation('information of a wrong length')
  const size = data.readBigUInt64BE(2)
  const flags = data.readUInt16BE(10)
  if (size > BigInt(Number.MAX_SAFE_INTEGER) || (flags & exportFlag.hasFlags) === 0)
    throw violation(`an export of ${size} bytes with flags ${flags}`)
  return {
    sizeBytes: Number(size),
    readOnly: (flags & exportFlag.readOnly) !== 0,
    canFlush: (flags & exportFlag.flush) !== 0,
    canZero: (flags & exportFlag.writeZeroes) !== 0,
  }
}

function blockOf(data: Buffer): Terms['block'] {
  if (data.length !== 14) throw violation('information of a wrong length')
  const [least, most] = [data.readUInt32BE(2), data.readUInt32BE(10)]
  const unlimited = most === 0xffffffff
  const isPower = least > 0 && (least & (least - 1)) === 0
  if (!isPower || least > LARGEST_LEAST || (!unlimited && (most < least || most % least !== 0)))
    throw violation(`blocks of ${least} to ${most} bytes`)
  return { least, most: unlimited ? LARGEST_REQUEST : Math.max(least, Math.min(most, LARGEST_REQUEST)) }
}

function declined(name: string, { type, text }: { readonly type: number; readonly text: string }): Fault {
  const words = text === '' ? '' : `: ${text}`
  const what = `the NBD export ${JSON.stringify(name)}`
  if (type === optionReply.errUnknown) return new Fault('missing', `there is no ${what.slice(4)}${words}`)
  if (type === optionReply.errTlsRequired)
    return new Fault('denied', `${what} is given over TLS only, which is not used here`)
  if (type === optionReply.errUnsupported)
    return new Fault('denied', `${what} comes from a server too old to know NBD_OPT_GO`)
  return new Fault('denied', `${what} is refused (${type & ~OPTION_ERROR})${words}`)
}
