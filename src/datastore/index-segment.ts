/**
 * Index segments: which chunks lie where in some packs, sorted by name and sealed in blocks under a small directory, so
 * that a program need not load all of it to look one chunk up (docs/format.md section 8). All rows of a pack are in one
 * segment, whatever merging does: a pack that any readable segment mentions is wholly indexed.
 */
import { randomBytes } from 'node:crypto'
import { Fault } from '../ports/fault.ts'
import { NAME_BYTES } from './chunk.ts'
import { MOST_CHUNKS_OF_PACK, ROW_BYTES } from './chunk-row.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, ID_BYTES } from './object-header.ts'
import { objectKey, type SealOf, seal, space, TAG_BYTES, unseal } from './seal.ts'

export const MOST_ROWS_OF_SEGMENT = 65_536
const ROWS_PER_BLOCK = 4096
const PACK_BYTES = ID_BYTES + 4

export interface SegmentPack {
  /** 32 hex digits. */
  readonly id: string
  /** Size of the pack's object. */
  readonly bytes: number
}

/** Rows name their pack by its number in `packs`. */
export interface Segment {
  readonly packs: readonly SegmentPack[]
  readonly rows: Buffer
}

export function encodeSegment(sealing: Uint8Array, segment: Segment): { id: string; parts: readonly Uint8Array[] } {
  const id = randomBytes(ID_BYTES)
  const header = encodeHeader('INDX', id)
  const key = objectKey(sealing, 'INDX', id)
  const rows = sorted(segment.rows)
  const blocks: Buffer[] = []
  for (let at = 0; at < rows.length; at += ROWS_PER_BLOCK * ROW_BYTES)
    blocks.push(rows.subarray(at, at + ROWS_PER_BLOCK * ROW_BYTES))

  const counts = Buffer.alloc(8)
  counts.writeUInt32BE(segment.packs.length, 0)
  counts.writeUInt32BE(rowsOf(segment), 4)
  const packs = segment.packs.map(encodePack)
  const directory = Buffer.concat([counts, ...packs, ...blocks.map(block => block.subarray(0, NAME_BYTES))])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(directory.length + TAG_BYTES)
  return {
    id: id.toString('hex'),
    parts: [
      header,
      length,
      ...seal({ key, space: space.directory, number: 0, about: header }, directory),
      ...blocks.flatMap((block, number) => seal({ key, space: space.rows, number, about: header }, block)),
    ],
  }
}

/** Fault `corrupt` unless every byte of it is as it was written. */
export function decodeSegment(sealing: Uint8Array, object: Buffer, at: string): Segment {
  const id = decodeHeader('INDX', object, at)
  const header = object.subarray(0, HEADER_BYTES)
  const key = objectKey(sealing, 'INDX', id)
  const open = (of: Omit<SealOf, 'key' | 'about'>, from: number, to: number): Buffer => {
    const plain = to <= object.length ? unseal({ ...of, key, about: header }, object.subarray(from, to)) : undefined
    if (plain === undefined) throw new Fault('corrupt', `index segment ${at} is not what was written`)
    return plain
  }
  const directoryAt = HEADER_BYTES + 4
  const directoryEnd = directoryAt + (object.length >= directoryAt ? object.readUInt32BE(HEADER_BYTES) : 0)
  const directory = open({ space: space.directory, number: 0 }, directoryAt, directoryEnd)
  const packCount = directory.readUInt32BE(0)
  const rowCount = directory.readUInt32BE(4)
  const packs = Array.from({ length: packCount }, (_, number) => decodePack(directory, 8 + number * PACK_BYTES))
  const blocks: Buffer[] = []
  let from = directoryEnd
  for (let row = 0; row < rowCount; row += ROWS_PER_BLOCK) {
    const to = from + Math.min(ROWS_PER_BLOCK, rowCount - row) * ROW_BYTES + TAG_BYTES
    blocks.push(open({ space: space.rows, number: blocks.length }, from, to))
    from = to
  }
  if (from !== object.length) throw new Fault('corrupt', `index segment ${at} is longer than what was written`)
  return { packs, rows: Buffer.concat(blocks) }
}

export const rowsOf = ({ rows }: Pick<Segment, 'rows'>): number => rows.length / ROW_BYTES

/** Batches of as many as one segment may hold, at least one each. */
export function forSegments<T>(all: readonly T[], rowsIn: (one: T) => number): readonly (readonly T[])[] {
  const batches: T[][] = []
  let rows = Number.POSITIVE_INFINITY
  for (const one of all) {
    if (rows + rowsIn(one) > MOST_ROWS_OF_SEGMENT) {
      batches.push([])
      rows = 0
    }
    batches.at(-1)?.push(one)
    rows += rowsIn(one)
  }
  return batches
}

/** One segment of several, without the packs for which `gone` holds. */
export function mergeSegments(segments: readonly Segment[], gone: (pack: string) => boolean): Segment {
  const packs: SegmentPack[] = []
  const rows = Buffer.alloc(segments.reduce((sum, segment) => sum + segment.rows.length, 0))
  let end = 0
  for (const segment of segments) {
    const numbers = segment.packs.map(pack => (gone(pack.id) ? -1 : packs.push(pack) - 1))
    for (let at = 0; at < segment.rows.length; at += ROW_BYTES) {
      const number = numbers[segment.rows.readUInt32BE(at + NAME_BYTES)] ?? -1
      if (number < 0) continue
      segment.rows.copy(rows, end, at, at + ROW_BYTES)
      rows.writeUInt32BE(number, end + NAME_BYTES)
      end += ROW_BYTES
    }
  }
  return { packs, rows: rows.subarray(0, end) }
}

/** Numbers of the rows as their chunks lie in the packs: mostly as they did on the disk. */
export function inOrderOfPacks({ packs, rows }: Segment): Uint32Array {
  const packOf = (row: number): number => rows.readUInt32BE(row * ROW_BYTES + NAME_BYTES)
  const ordinalOf = (row: number): number => rows.readUInt16BE(row * ROW_BYTES + 30) & (MOST_CHUNKS_OF_PACK - 1)
  const all = Uint32Array.from({ length: rowsOf({ rows }) }, (_, row) => row)
  return sortedBy(
    sortedBy(
      all.filter(row => packOf(row) < packs.length),
      ordinalOf,
    ),
    packOf,
  )
}

/** By counting, so that equal ones stay in order; the numbers by which it sorts are small. */
function sortedBy(rows: Uint32Array, of: (row: number) => number): Uint32Array {
  const starts: number[] = []
  for (const row of rows) starts[of(row)] = (starts[of(row)] ?? 0) + 1
  let sum = 0
  for (const [key, here = 0] of starts.entries()) {
    starts[key] = sum
    sum += here
  }
  const sorted = new Uint32Array(rows.length)
  for (const row of rows) {
    const at = starts[of(row)] ?? 0
    sorted[at] = row
    starts[of(row)] = at + 1
  }
  return sorted
}

function encodePack(pack: SegmentPack): Buffer {
  const bytes = Buffer.alloc(PACK_BYTES)
  bytes.write(pack.id, 'hex')
  bytes.writeUInt32BE(pack.bytes, ID_BYTES)
  return bytes
}

function decodePack(directory: Buffer, at: number): SegmentPack {
  return { id: directory.toString('hex', at, at + ID_BYTES), bytes: directory.readUInt32BE(at + ID_BYTES) }
}

function sorted(rows: Buffer): Buffer {
  const starts = Array.from({ length: rows.length / ROW_BYTES }, (_, row) => row * ROW_BYTES)
  starts.sort((a, b) => rows.compare(rows, b, b + NAME_BYTES, a, a + NAME_BYTES))
  return Buffer.concat(starts.map(start => rows.subarray(start, start + ROW_BYTES)))
}
