/**
 * A realm's index of any size, made up: `index-child.ts fill|look COUNT STORE`. `fill` writes its segments in the real
 * format; `look` loads them as the first backup after a start does, looks chunks up, and prints what that took as JSON.
 */
import { hash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { openFilesystemObjectStore } from '../../src/adapters/object-store/filesystem.ts'
import { CHUNK_BYTES, codec, kind, NAME_BYTES } from '../../src/datastore/chunk.ts'
import { ROW_BYTES, writeRow } from '../../src/datastore/chunk-row.ts'
import { encodeSegment, MOST_ROWS_OF_SEGMENT } from '../../src/datastore/index-segment.ts'
import { objectKeys } from '../../src/datastore/object-keys.ts'
import { indexMemory } from '../../src/datastore/open.ts'
import { realmIndex } from '../../src/datastore/realm-index.ts'
import type { Log } from '../../src/ports/log.ts'
import { randomNumbers } from './bench-disks.ts'

export interface LookedUp {
  readonly loadSeconds: number
  /** Of one chunk that is there: after the one before it on its disk, after any other; and of one that is not. */
  readonly nextNanoseconds: number
  readonly hitNanoseconds: number
  readonly missNanoseconds: number
  /** Of what the index keeps in files. */
  readonly fileBytes: number
}

/** The default of `chunkStore.indexMemoryMib`. */
const INDEX_BYTES = 64 * 2 ** 20

const SEALING = Buffer.alloc(32, 7)
const CHUNKS_PER_PACK = 256
const SEALED_BYTES = 131_072
const LOOKUPS = 500_000

const [, , what, count = '0', store = ''] = process.argv
const objectStore = await openFilesystemObjectStore(store)
if (what === 'fill') await fill(Number(count))
else console.log(JSON.stringify(await look(Number(count))))
await objectStore.close()

async function fill(chunks: number): Promise<void> {
  const name = Buffer.alloc(NAME_BYTES)
  for (let segment = 0; segment * MOST_ROWS_OF_SEGMENT < chunks; segment++) {
    const rows = Buffer.alloc(Math.min(MOST_ROWS_OF_SEGMENT, chunks - segment * MOST_ROWS_OF_SEGMENT) * ROW_BYTES)
    for (let row = 0; row * ROW_BYTES < rows.length; row++) {
      writeName(name, { segment, row, rows: rows.length / ROW_BYTES }, 1)
      const { pack, ordinal } = placeOf(row, rows.length / ROW_BYTES)
      const place = { pack, ordinal, offset: 64 + ordinal * SEALED_BYTES }
      const shape = { sealedLength: SEALED_BYTES, rawLength: CHUNK_BYTES, codec: codec.zstd, kind: kind.data }
      writeRow(rows, row * ROW_BYTES, name, { ...place, ...shape })
    }
    const packs = Array.from({ length: packsFor(rows.length / ROW_BYTES) }, (_, pack) => ({
      id: hash('md5', `${segment} ${pack}`),
      bytes: CHUNKS_PER_PACK * SEALED_BYTES,
    }))
    const { id, parts } = encodeSegment(SEALING, { packs, rows })
    await objectStore.put(objectKeys('bench').segment(id), parts)
  }
}

function packsFor(rows: number): number {
  return Math.ceil(rows / CHUNKS_PER_PACK)
}

/** Rows are in the order of names, so that neighbours lie in different packs. */
function placeOf(row: number, rows: number) {
  return { pack: row % packsFor(rows), ordinal: Math.floor(row / packsFor(rows)) }
}

async function look(chunks: number): Promise<LookedUp> {
  const begin = performance.now()
  const memory = indexMemory({ mostBytes: INDEX_BYTES, folder: join(dirname(store), 'spill') })
  const index = realmIndex({ objectStore, keys: objectKeys('bench'), sealing: SEALING, log: silent() }, memory)
  await index.refresh()
  const loadSeconds = (performance.now() - begin) / 1000
  const time = (names: DataView, found: boolean): number => {
    const count = names.byteLength / NAME_BYTES
    const start = performance.now()
    let hits = 0
    for (let at = 0; at < count; at++) if (index.chunks.find(names, at * NAME_BYTES) >= 0) hits += 1
    const nanoseconds = ((performance.now() - start) * 1e6) / count
    if (hits !== (found ? count : 0)) throw new Error(`${hits} of ${count} were found`)
    return nanoseconds
  }
  time(anyNames(chunks, 1), true) // for the compiler
  const looked = {
    nextNanoseconds: time(namesInOrder(chunks), true),
    hitNanoseconds: time(anyNames(chunks, 1), true),
    missNanoseconds: time(anyNames(chunks, 2), false),
  }
  const fileBytes = memory.pool.usage().files
  memory.pool.close()
  return { loadSeconds, ...looked, fileBytes }
}

/** Names of chunks picked from all over the index; under another salt, of none that is in it. */
function anyNames(chunks: number, salt: number): DataView {
  const random = randomNumbers(salt)
  const names = Buffer.alloc(LOOKUPS * NAME_BYTES)
  for (let at = 0; at < names.length; at += NAME_BYTES) {
    const chunk = Math.floor(random() * chunks)
    const segment = Math.floor(chunk / MOST_ROWS_OF_SEGMENT)
    const row = chunk % MOST_ROWS_OF_SEGMENT
    writeName(names.subarray(at), { segment, row, rows: rowsOf(segment, chunks) }, salt)
  }
  return new DataView(names.buffer)
}

/** Names of the chunks of eight segments from all over the index (of all, where there are fewer), pack after pack. */
function namesInOrder(chunks: number): DataView {
  const segments = Math.ceil(chunks / MOST_ROWS_OF_SEGMENT)
  const step = Math.max(1, Math.floor(segments / 8))
  const names = Buffer.alloc(8 * MOST_ROWS_OF_SEGMENT * NAME_BYTES)
  let end = 0
  for (let segment = 0; segment < segments && end < names.length; segment += step) {
    const rows = rowsOf(segment, chunks)
    for (let pack = 0; pack < packsFor(rows); pack++) {
      for (let row = pack; row < rows; row += packsFor(rows)) {
        writeName(names.subarray(end), { segment, row, rows }, 1)
        end += NAME_BYTES
      }
    }
  }
  return new DataView(names.buffer, 0, end)
}

function rowsOf(segment: number, chunks: number): number {
  return Math.min(MOST_ROWS_OF_SEGMENT, chunks - segment * MOST_ROWS_OF_SEGMENT)
}

interface RowAt {
  readonly segment: number
  readonly row: number
  /** Of the segment. */
  readonly rows: number
}

/** Bits without a pattern, but in the order of the rows, so that sorting a segment takes no time. */
function writeName(into: Buffer, { segment, row, rows }: RowAt, salt: number): void {
  const mixed = mix(segment * MOST_ROWS_OF_SEGMENT + row + Math.imul(salt, 0x9e3779b1))
  into.writeUInt32BE(Math.floor(((row + mixed / 2 ** 32) * 2 ** 32) / rows), 0)
  into.writeUInt32BE(mix(mixed ^ 1), 4)
  into.writeUInt32BE(mix(mixed + segment), 8)
  into.writeUInt32BE(mix(mixed + row), 12)
}

function mix(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b)
  return (bits ^ (bits >>> 16)) >>> 0
}

function silent(): Log {
  const drop = () => undefined
  const log: Log = { debug: drop, info: drop, warn: drop, error: drop, child: () => log }
  return log
}
