/** Disks in memory, for tests: as large as a test likes, since only what is not zero takes space. */
import type { DiskReader, DiskWriter, Extent } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'

const PIECE_BYTES = 65_536

export interface MemoryDisk {
  readonly sizeBytes: number
  write(from: Uint8Array, offset: number): void
  read(into: Uint8Array, offset: number): void
  zero(offset: number, length: number): void
  /** The pieces of 64 KiB ever written that are not zero, by number. */
  pieces(): ReadonlyMap<number, Uint8Array>
}

/** All zeros. */
export function memoryDisk(sizeBytes: number): MemoryDisk {
  const pieces = new Map<number, Uint8Array>()
  const each = (
    offset: number,
    length: number,
    work: (piece: number, from: number, at: number, many: number) => void,
  ) => {
    if (offset < 0 || offset + length > sizeBytes) throw new RangeError(`${length} bytes at ${offset}`)
    for (let at = 0; at < length; ) {
      const from = (offset + at) % PIECE_BYTES
      const many = Math.min(PIECE_BYTES - from, length - at)
      work(Math.floor((offset + at) / PIECE_BYTES), from, at, many)
      at += many
    }
  }
  const pieceOf = (number: number): Uint8Array => {
    const piece = pieces.get(number) ?? new Uint8Array(PIECE_BYTES)
    pieces.set(number, piece)
    return piece
  }
  return {
    sizeBytes,
    write: (bytes, offset) =>
      each(offset, bytes.length, (piece, from, at, many) => pieceOf(piece).set(bytes.subarray(at, at + many), from)),
    read: (into, offset) =>
      each(offset, into.length, (number, from, at, many) => {
        const piece = pieces.get(number)
        if (piece) into.set(piece.subarray(from, from + many), at)
        else into.fill(0, at, at + many)
      }),
    zero: (offset, length) =>
      each(offset, length, (piece, from, _, many) => pieces.get(piece)?.fill(0, from, from + many)),
    pieces: () => new Map([...pieces].filter(([, piece]) => piece.some(byte => byte !== 0))),
  }
}

/** A disk that begins with the content. */
export function diskOf(content: Uint8Array, sizeBytes = content.length): MemoryDisk {
  const disk = memoryDisk(sizeBytes)
  disk.write(content, 0)
  return disk
}

export function sameContent(a: MemoryDisk, b: MemoryDisk): boolean {
  const ofA = a.pieces()
  const ofB = b.pieces()
  const same = ([number, piece]: [number, Uint8Array]) => Buffer.from(piece).equals(ofB.get(number) ?? Buffer.alloc(0))
  return ofA.size === ofB.size && [...ofA].every(same)
}

export interface ReaderChoices {
  /** Zeros are told as holes. */
  readonly holes?: boolean
  /** Called before each read. */
  readonly onRead?: (offset: number, length: number) => void | Promise<void>
}

export function readerOf(disk: MemoryDisk, choices: ReaderChoices = {}): DiskReader {
  const { sizeBytes } = disk
  return {
    sizeBytes,
    async read(into, offset) {
      await choices.onRead?.(offset, into.length)
      if (offset + into.length > sizeBytes) throw new Fault('changed', 'the disk has shrunk')
      disk.read(into, offset)
    },
    async *extents() {
      yield* choices.holes ? extentsOf(disk) : [{ offset: 0, length: sizeBytes, data: true }]
    },
    async checkUnchangedSize() {
      // It cannot change.
    },
    async [Symbol.asyncDispose]() {
      // Nothing is open.
    },
  }
}

function* extentsOf(disk: MemoryDisk): Generator<Extent> {
  let at = 0
  for (const number of [...disk.pieces().keys()].sort((a, b) => a - b)) {
    const offset = number * PIECE_BYTES
    if (offset > at) yield { offset: at, length: offset - at, data: false }
    at = Math.min(offset + PIECE_BYTES, disk.sizeBytes)
    yield { offset, length: at - offset, data: true }
  }
  if (at < disk.sizeBytes) yield { offset: at, length: disk.sizeBytes - at, data: false }
}

/** Calls made on a target, in order. */
export interface TargetCalls {
  readonly calls: string[]
}

export function targetOf(disk: MemoryDisk, blank: boolean): DiskWriter & TargetCalls {
  const calls: string[] = []
  return {
    calls,
    sizeBytes: disk.sizeBytes,
    blank,
    async write(from, offset) {
      calls.push(`write ${offset} ${from.length}`)
      disk.write(from, offset)
    },
    async zero(offset, length) {
      calls.push(`zero ${offset} ${length}`)
      disk.zero(offset, length)
    },
    async read(into, offset) {
      disk.read(into, offset)
    },
    async flush() {
      calls.push('flush')
    },
    async [Symbol.asyncDispose]() {
      // Nothing is open.
    },
  }
}
