/**
 * A realm's index of any size, made up: `index-child.ts fill|look COUNT STORE`. `fill` writes its segments in the real
 * format; `look` loads them as the first backup after a start does, looks chunks up, and prints what that took as JSON.
 */
import { hash } from 'node:crypto'
import { openFilesystemObjectStore } from '../../src/adapters/object-store/filesystem.ts'
import { CHUNK_BYTES, codec, kind, NAME_BYTES } from '../../src/datastore/chunk.ts'
import { ROW_BYTES, writeRow } from '../../src/datastore/chunk-row.ts'
import { encodeSegment, MOST_ROWS_OF_SEGMENT } from '../../src/datastore/index-segment.ts'
import { objectKeys } from '../../src/datastore/object-keys.ts'
import { realmIndex } from '../../src/datastore/realm-index.ts'
import type { Log } from '../../src/ports/log.ts'
import { randomNumbers } from './bench-disks.ts'

export interface LookedUp {
  readonly loadSeconds: number
  /** Of one chunk that is there, and of one that is not. */
  readonly hitNanoseconds: number
  readonly missNanoseconds: number
}

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
      writeName(name, segment, row, 1)
      const ordinal = row % CHUNKS_PER_PACK
      const place = { pack: Math.floor(row / CHUNKS_PER_PACK), ordinal, offset: 64 + ordinal * SEALED_BYTES }
      const shape = { sealedLength: SEALED_BYTES, rawLength: CHUNK_BYTES, codec: codec.zstd, kind: kind.data }
      writeRow(rows, row * ROW_BYTES, name, { ...place, ...shape })
    }
    const packs = Array.from({ length: Math.ceil(rows.length / ROW_BYTES / CHUNKS_PER_PACK) }, (_, pack) => ({
      id: hash('md5', `${segment} ${pack}`),
      bytes: CHUNKS_PER_PACK * SEALED_BYTES,
    }))
    const { id, parts } = encodeSegment(SEALING, { packs, rows })
    await objectStore.put(objectKeys('bench').segment(id), parts)
  }
}

async function look(chunks: number): Promise<LookedUp> {
  const begin = performance.now()
  const index = realmIndex({ objectStore, keys: objectKeys('bench'), sealing: SEALING, log: silent() })
  await index.refresh()
  const loadSeconds = (performance.now() - begin) / 1000
  const time = (salt: number, found: boolean): number => {
    const names = namesOf(chunks, salt)
    const start = performance.now()
    let hits = 0
    for (let at = 0; at < LOOKUPS; at++) if (index.chunks.find(names, at * NAME_BYTES) >= 0) hits += 1
    const nanoseconds = ((performance.now() - start) * 1e6) / LOOKUPS
    if (hits !== (found ? LOOKUPS : 0)) throw new Error(`${hits} of ${LOOKUPS} were found`)
    return nanoseconds
  }
  time(1, true) // for the compiler
  return { loadSeconds, hitNanoseconds: time(1, true), missNanoseconds: time(2, false) }
}

/** Names of chunks picked from all over the index; under another salt, of none that is in it. */
function namesOf(chunks: number, salt: number): DataView {
  const random = randomNumbers(salt)
  const names = Buffer.alloc(LOOKUPS * NAME_BYTES)
  for (let at = 0; at < LOOKUPS; at++) {
    const chunk = Math.floor(random() * chunks)
    const name = names.subarray(at * NAME_BYTES, (at + 1) * NAME_BYTES)
    writeName(name, Math.floor(chunk / MOST_ROWS_OF_SEGMENT), chunk % MOST_ROWS_OF_SEGMENT, salt)
  }
  return new DataView(names.buffer, names.byteOffset, names.length)
}

/** Bits without a pattern, but in the order of the rows, so that sorting a segment takes no time. */
function writeName(into: Buffer, segment: number, row: number, salt: number): void {
  const mixed = mix(segment * MOST_ROWS_OF_SEGMENT + row + Math.imul(salt, 0x9e3779b1))
  into.writeUInt32BE(((row << 16) | (mixed >>> 16)) >>> 0, 0)
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
