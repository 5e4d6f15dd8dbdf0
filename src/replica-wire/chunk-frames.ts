/**
 * Chunks on their way to another region, as the body of one request (docs/api.md, Between installations). One frame per chunk:
 * kind (1 byte: 0 data, 1 page), codec (1 byte: 0 as it is, 1 zstd), length of the content and of the payload (4 bytes each,
 * big endian), SHA-256 of the content (32 bytes), payload. The connection keeps it secret, or not: that is the operator's.
 */
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import type { ReplicaChunk } from '../ports/replicas.ts'

const HEAD_BYTES = 42
const HASH_AT = 10
export const HASH_BYTES = 32
/** Of a chunk's content. */
const MOST_CONTENT = 262_144
const codec = { plain: 0, zstd: 1 } as const
const kinds = ['data', 'page'] as const

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

export async function encodeChunks(chunks: readonly ReplicaChunk[]): Promise<Buffer> {
  const frames = await Promise.all(chunks.map(encodeChunk))
  return Buffer.concat(frames.flat())
}

async function encodeChunk({ kind, hash, content }: ReplicaChunk): Promise<readonly Uint8Array[]> {
  const small = await compress(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  const isWorth = small.length < content.length
  const payload = isWorth ? small : content
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(kinds.indexOf(kind), 0)
  head.writeUInt8(isWorth ? codec.zstd : codec.plain, 1)
  head.writeUInt32BE(content.length, 2)
  head.writeUInt32BE(payload.length, 6)
  head.set(hash, HASH_AT)
  return [head, payload]
}

/** Undefined for what is no such body. Contents are as long as they say; whether their hashes are right is not asked. */
export async function decodeChunks(body: Uint8Array, most: number): Promise<readonly ReplicaChunk[] | undefined> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; ) {
    const frame = frameAt(bytes, at)
    if (frame === undefined || frames.push(frame) > most) return undefined
    at = frame.end
  }
  const chunks = await Promise.all(frames.map(decodeChunk))
  return chunks.every(chunk => chunk !== undefined) ? chunks : undefined
}

interface Frame {
  readonly kind: ReplicaChunk['kind']
  readonly codec: number
  readonly length: number
  readonly hash: Uint8Array
  readonly payload: Uint8Array
  readonly end: number
}

function frameAt(bytes: Buffer, at: number): Frame | undefined {
  if (at + HEAD_BYTES > bytes.length) return undefined
  const kind = kinds[bytes.readUInt8(at)]
  const length = bytes.readUInt32BE(at + 2)
  const end = at + HEAD_BYTES + bytes.readUInt32BE(at + 6)
  if (kind === undefined || length === 0 || length > MOST_CONTENT || end > bytes.length) return undefined
  const hash = bytes.subarray(at + HASH_AT, at + HEAD_BYTES)
  return { kind, codec: bytes.readUInt8(at + 1), length, hash, payload: bytes.subarray(at + HEAD_BYTES, end), end }
}

async function decodeChunk({ kind, hash, payload, length, ...frame }: Frame): Promise<ReplicaChunk | undefined> {
  const content = frame.codec === codec.plain ? payload : await inflated(frame.codec, payload, length)
  return content?.length === length ? { kind, hash, content } : undefined
}

/** What does not fit into the length it claims is refused while it is unpacked. */
async function inflated(by: number, payload: Uint8Array, length: number): Promise<Uint8Array | undefined> {
  if (by !== codec.zstd) return undefined
  try {
    return await decompress(payload, { maxOutputLength: length })
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
