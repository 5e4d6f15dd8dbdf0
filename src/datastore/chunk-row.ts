/**
 * Where a chunk lies, as a row of 32 bytes: in index segments, in the table at a pack's end (without the pack's number)
 * and, word for word, in memory (docs/format.md section 6).
 *
 *   0 name (16) | 16 pack number u32 | 20 offset u32 | 24 kind u4, codec u4, sealed length u24 | 28 raw length - 1 u18, ordinal u14
 */
import { type ChunkKind, type Codec, codec, kind, NAME_BYTES } from './chunk.ts'

export const ROW_BYTES = 32
export const ROW_WORDS = ROW_BYTES / 4
/** Chunks a pack can hold: an ordinal has 14 bits. */
export const MOST_CHUNKS_OF_PACK = 1 << 14

export interface ChunkPlace {
  /** Number of the pack in the table that belongs to the row. */
  readonly pack: number
  readonly offset: number
  readonly sealedLength: number
  readonly rawLength: number
  readonly ordinal: number
  readonly codec: Codec
  readonly kind: ChunkKind
}

export const lengthWord = (place: ChunkPlace): number =>
  ((place.kind << 28) | (place.codec << 24) | place.sealedLength) >>> 0

export const shapeWord = (place: ChunkPlace): number => (((place.rawLength - 1) << 14) | place.ordinal) >>> 0

export const sealedLengthIn = (lengths: number): number => lengths & 0xffffff

/** The place told by the last four words of a row; undefined when kind or codec are none that exist. */
export function placeFrom(pack: number, offset: number, lengths: number, shape: number): ChunkPlace | undefined {
  const ofKind = lengths >>> 28
  const ofCodec = (lengths >>> 24) & 15
  if ((ofKind !== kind.data && ofKind !== kind.page) || (ofCodec !== codec.raw && ofCodec !== codec.zstd))
    return undefined
  return {
    pack,
    offset,
    sealedLength: sealedLengthIn(lengths),
    rawLength: (shape >>> 14) + 1,
    ordinal: shape & (MOST_CHUNKS_OF_PACK - 1),
    codec: ofCodec,
    kind: ofKind,
  }
}

export function writeRow(into: Buffer, at: number, name: Uint8Array, place: ChunkPlace): void {
  into.set(name.subarray(0, NAME_BYTES), at)
  into.writeUInt32BE(place.pack, at + 16)
  into.writeUInt32BE(place.offset, at + 20)
  into.writeUInt32BE(lengthWord(place), at + 24)
  into.writeUInt32BE(shapeWord(place), at + 28)
}

export function readRow(from: Buffer, at: number): ChunkPlace | undefined {
  return placeFrom(
    from.readUInt32BE(at + 16),
    from.readUInt32BE(at + 20),
    from.readUInt32BE(at + 24),
    from.readUInt32BE(at + 28),
  )
}
