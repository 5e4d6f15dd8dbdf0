/** Messages of the handshake: what is agreed on before bytes of a disk are asked for. */
import { magic } from './numbers.ts'

export interface OptionHead {
  readonly option: number
  readonly length: number
}

export const OPTION_HEAD_BYTES = 16

export function optionFrame(option: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(OPTION_HEAD_BYTES)
  head.writeBigUInt64BE(magic.option, 0)
  head.writeUInt32BE(option, 8)
  head.writeUInt32BE(data.length, 12)
  return Buffer.concat([head, data])
}

/** Undefined: not an option's head. */
export function optionHead(head: Buffer): OptionHead | undefined {
  if (head.readBigUInt64BE(0) !== magic.option) return undefined
  return { option: head.readUInt32BE(8), length: head.readUInt32BE(12) }
}

export interface OptionReplyHead extends OptionHead {
  readonly type: number
}

export const OPTION_REPLY_HEAD_BYTES = 20

export function optionReplyFrame(option: number, type: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(OPTION_REPLY_HEAD_BYTES)
  head.writeBigUInt64BE(magic.optionReply, 0)
  head.writeUInt32BE(option, 8)
  head.writeUInt32BE(type, 12)
  head.writeUInt32BE(data.length, 16)
  return Buffer.concat([head, data])
}

/** Undefined: not a reply's head. */
export function optionReplyHead(head: Buffer): OptionReplyHead | undefined {
  if (head.readBigUInt64BE(0) !== magic.optionReply) return undefined
  return { option: head.readUInt32BE(8), type: head.readUInt32BE(12), length: head.readUInt32BE(16) }
}

/** Whole numbers of the wire, in order: a number takes two or four bytes, a bigint eight, a text its bytes. */
export function packed(...fields: readonly (bigint | { u16: number } | { u32: number } | string)[]): Buffer {
  return Buffer.concat(
    fields.map(field => {
      if (typeof field === 'string') return Buffer.from(field)
      if (typeof field === 'bigint') return sized(8, bytes => bytes.writeBigUInt64BE(field))
      return 'u16' in field
        ? sized(2, bytes => bytes.writeUInt16BE(field.u16))
        : sized(4, bytes => bytes.writeUInt32BE(field.u32))
    }),
  )
}

function sized(length: number, write: (bytes: Buffer) => unknown): Buffer {
  const bytes = Buffer.alloc(length)
  write(bytes)
  return bytes
}

/** A text behind its length, as options have them. */
export const lengthAndText = (text: string): Buffer => packed({ u32: Buffer.byteLength(text) }, text)

export interface ExportChoice {
  readonly name: string
  /** Kinds of information asked for. */
  readonly wanted: readonly number[]
}

/** The data of `info` and `go`. */
export const exportChoiceData = ({ name, wanted }: ExportChoice): Buffer =>
  Buffer.concat([lengthAndText(name), packed({ u16: wanted.length }, ...wanted.map(u16 => ({ u16 })))])

/** Undefined: malformed. */
export function exportChoiceOf(data: Buffer): ExportChoice | undefined {
  const fields = fieldsOf(data)
  const name = fields.text()
  const count = fields.u16()
  if (name === undefined || count === undefined || fields.left() !== 2 * count) return undefined
  return { name, wanted: Array.from({ length: count }, () => fields.u16() ?? 0) }
}

export interface ContextChoice {
  readonly name: string
  readonly queries: readonly string[]
}

/** The data of `listMetaContext` and `setMetaContext`. */
export const contextChoiceData = ({ name, queries }: ContextChoice): Buffer =>
  Buffer.concat([lengthAndText(name), packed({ u32: queries.length }), ...queries.map(lengthAndText)])

/** Undefined: malformed. */
export function contextChoiceOf(data: Buffer): ContextChoice | undefined {
  const fields = fieldsOf(data)
  const name = fields.text()
  const count = fields.u32()
  if (name === undefined || count === undefined || count > fields.left() / 4) return undefined
  const queries: string[] = []
  for (let n = 0; n < count; n += 1) {
    const query = fields.text()
    if (query === undefined) return undefined
    queries.push(query)
  }
  return fields.left() === 0 ? { name, queries } : undefined
}

/** Reads fields one after another; undefined where they end too early, or a text is no text. */
function fieldsOf(data: Buffer) {
  let at = 0
  const next = (length: number): Buffer | undefined => {
    if (length > data.length - at) return undefined
    at += length
    return data.subarray(at - length, at)
  }
  const u32 = () => next(4)?.readUInt32BE()
  return {
    u16: () => next(2)?.readUInt16BE(),
    u32,
    text() {
      const length = u32()
      const bytes = length === undefined ? undefined : next(length)
      const text = bytes?.toString('utf8')
      return text !== undefined && bytes?.equals(Buffer.from(text)) ? text : undefined
    },
    left: () => data.length - at,
  }
}
