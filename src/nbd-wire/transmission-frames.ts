/** Messages of the transmission: requests for a disk's bytes, and the two kinds of replies. */
import { magic } from './numbers.ts'

export interface Request {
  readonly flags: number
  readonly command: number
  /** The client's name for it, repeated in the reply. */
  readonly cookie: bigint
  readonly offset: bigint
  readonly length: number
}

export const REQUEST_BYTES = 28

/** Of a write, its data follows. */
export function requestFrame({ flags, command, cookie, offset, length }: Request): Buffer {
  const frame = Buffer.alloc(REQUEST_BYTES)
  frame.writeUInt32BE(magic.request, 0)
  frame.writeUInt16BE(flags, 4)
  frame.writeUInt16BE(command, 6)
  frame.writeBigUInt64BE(cookie, 8)
  frame.writeBigUInt64BE(offset, 16)
  frame.writeUInt32BE(length, 24)
  return frame
}

/** Undefined: not a request. */
export function requestOf(frame: Buffer): Request | undefined {
  if (frame.readUInt32BE(0) !== magic.request) return undefined
  return {
    flags: frame.readUInt16BE(4),
    command: frame.readUInt16BE(6),
    cookie: frame.readBigUInt64BE(8),
    offset: frame.readBigUInt64BE(16),
    length: frame.readUInt32BE(24),
  }
}

/** Bytes that tell the two kinds of replies apart, and the rest of each head. */
export const REPLY_MAGIC_BYTES = 4
export const SIMPLE_REST_BYTES = 12
export const CHUNK_REST_BYTES = 16

/** Of a read without error, the data follows. */
export function simpleReplyFrame(cookie: bigint, error: number): Buffer {
  const frame = Buffer.alloc(REPLY_MAGIC_BYTES + SIMPLE_REST_BYTES)
  frame.writeUInt32BE(magic.simpleReply, 0)
  frame.writeUInt32BE(error, 4)
  frame.writeBigUInt64BE(cookie, 8)
  return frame
}

export interface ChunkHead {
  readonly flags: number
  readonly type: number
  readonly cookie: bigint
  readonly length: number
}

/** The head of one chunk of a structured reply; `length` bytes follow. */
export function chunkFrame({ flags, type, cookie, length }: ChunkHead): Buffer {
  const frame = Buffer.alloc(REPLY_MAGIC_BYTES + CHUNK_REST_BYTES)
  frame.writeUInt32BE(magic.structuredReply, 0)
  frame.writeUInt16BE(flags, 4)
  frame.writeUInt16BE(type, 6)
  frame.writeBigUInt64BE(cookie, 8)
  frame.writeUInt32BE(length, 16)
  return frame
}

/** Of what follows the magic. */
export const chunkHeadOf = (rest: Buffer): ChunkHead => ({
  flags: rest.readUInt16BE(0),
  type: rest.readUInt16BE(2),
  cookie: rest.readBigUInt64BE(4),
  length: rest.readUInt32BE(12),
})
