/** Disks in memory, for tests: every byte of them can be looked at. */
import type { DiskReader, DiskWriter, Extent } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'

const HOLE_BYTES = 4096

/** Reads the content; runs of zeros of 4096 bytes are told as holes when `holes` is set. */
export function readerOf(content: Uint8Array, holes = false): DiskReader {
  return {
    sizeBytes: content.length,
    async read(into, offset) {
      if (offset + into.length > content.length) throw new Fault('changed', 'the disk has shrunk')
      into.set(content.subarray(offset, offset + into.length))
    },
    async *extents() {
      yield* holes ? extentsOf(content) : [{ offset: 0, length: content.length, data: true }]
    },
    async checkUnchangedSize() {
      // It cannot change.
    },
    async [Symbol.asyncDispose]() {
      // Nothing is open.
    },
  }
}

function* extentsOf(content: Uint8Array): Generator<Extent> {
  for (let offset = 0; offset < content.length; offset += HOLE_BYTES) {
    const part = content.subarray(offset, offset + HOLE_BYTES)
    yield { offset, length: part.length, data: part.some(byte => byte !== 0) }
  }
}

export interface MemoryTarget extends DiskWriter {
  readonly content: Uint8Array
  readonly flushed: () => boolean
}

/** Blank unless it is given something to overwrite. */
export function targetOf(sizeBytes: number, before?: number): MemoryTarget {
  const content = new Uint8Array(sizeBytes).fill(before ?? 0)
  let flushed = false
  return {
    sizeBytes,
    blank: before === undefined,
    content,
    flushed: () => flushed,
    async write(from, offset) {
      if (offset + from.length > sizeBytes) throw new RangeError('a write behind the end')
      content.set(from, offset)
      flushed = false
    },
    async zero(offset, length) {
      content.fill(0, offset, offset + length)
    },
    async read(into, offset) {
      into.set(content.subarray(offset, offset + into.length))
    },
    async flush() {
      flushed = true
    },
    async [Symbol.asyncDispose]() {
      // Nothing is open.
    },
  }
}
