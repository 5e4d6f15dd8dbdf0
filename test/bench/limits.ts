/**
 * What this machine can do at most, measured in the same run: each thing that the data plane must do to every byte, alone,
 * on the same disk, with as many threads as it uses. A figure of the data plane is read beside these.
 */
import { createCipheriv, hash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { zstdDecompressSync } from 'node:zlib'
import { codec, compress } from '../../src/datastore/chunk.ts'
import { freeBuffer } from '../../src/datastore/free-buffer.ts'

/** MiB per second over both cores; for zstd and its inverse, of what is compressed. */
export interface Limits {
  readonly sha256: number
  readonly zstd1: number
  readonly unzstd: number
  readonly aesGcm: number
  /** From the page cache. */
  readonly read: number
  /** In files of 32 MiB, each synced. */
  readonly write: number
  /** SHA-256 and zstd level 1 of everything, by both cores: a full backup without reading, encrypting or writing. */
  readonly floor: number
}

const MIB = 2 ** 20
const CHUNK = 262_144
const THREADS = 2
/** Of the disk: enough for a steady figure, and in the page cache on any machine that can run this. */
const SAMPLE_BYTES = 512 * MIB

type Stage = 'sha256' | 'zstd1' | 'unzstd' | 'aesGcm' | 'read'

interface Part {
  readonly disk: string
  readonly stage: Stage
  readonly number: number
}

export async function measureLimits(disk: string, folder: string): Promise<Limits> {
  await stage(disk, 'read') // into the page cache
  const sha256 = await stage(disk, 'sha256')
  const zstd1 = await stage(disk, 'zstd1')
  const unzstd = await stage(disk, 'unzstd')
  const aesGcm = await stage(disk, 'aesGcm')
  const read = await stage(disk, 'read')
  return { sha256, zstd1, unzstd, aesGcm, read, write: writeRate(folder), floor: 1 / (1 / sha256 + 1 / zstd1) }
}

/** Both threads at once, each on its half; reading is not counted save for `read`. */
async function stage(disk: string, name: Stage): Promise<number> {
  const rates = Array.from({ length: THREADS }, async (_, number) => {
    const part: Part = { disk, stage: name, number }
    const worker = new Worker(new URL(import.meta.url), { workerData: part })
    const [rate] = await once(worker, 'message')
    return Number(rate)
  })
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0)
}

function writeRate(folder: string): number {
  const piece = Buffer.alloc(32 * MIB, 'not all zeros')
  const begin = performance.now()
  const count = 16
  for (let file = 0; file < count; file++) {
    const path = join(folder, `written-${file}`)
    const handle = openSync(path, 'w')
    writeSync(handle, piece)
    fdatasyncSync(handle)
    closeSync(handle)
  }
  const seconds = (performance.now() - begin) / 1000
  for (let file = 0; file < count; file++) rmSync(join(folder, `written-${file}`))
  return (count * piece.length) / MIB / seconds
}

function work({ disk, stage: name, number }: Part): number {
  const handle = openSync(disk, 'r')
  const raw = Buffer.alloc(CHUNK)
  const key = Buffer.alloc(32, 1)
  const zeros = Buffer.alloc(CHUNK)
  let seconds = 0
  let bytes = 0
  const half = SAMPLE_BYTES / THREADS
  for (let offset = number * half; offset < (number + 1) * half; offset += CHUNK) {
    const begin = performance.now()
    const length = readSync(handle, raw, 0, CHUNK, offset)
    if (name === 'read') seconds += (performance.now() - begin) / 1000
    else if (length < CHUNK || raw.equals(zeros)) continue
    else {
      const took = timeOf(name, raw, key)
      if (took === undefined) continue
      seconds += took
    }
    bytes += length
  }
  closeSync(handle)
  return bytes / MIB / seconds
}

/** Undefined for what is stored as it is, where its inverse is asked for. */
function timeOf(name: Exclude<Stage, 'read'>, raw: Buffer, key: Buffer): number | undefined {
  const packed = name === 'unzstd' ? compress(raw) : undefined
  if (packed?.codec === codec.raw) return undefined
  const begin = performance.now()
  if (packed) freeBuffer(zstdDecompressSync(packed.bytes, { chunkSize: CHUNK + 64, maxOutputLength: CHUNK }))
  else if (name === 'sha256') hash('sha256', raw, 'buffer')
  else if (name === 'zstd1') {
    const { codec: by, bytes } = compress(raw)
    if (by === codec.zstd) freeBuffer(bytes)
  } else {
    const cipher = createCipheriv('aes-256-gcm', key, key.subarray(0, 12))
    freeBuffer(cipher.update(raw))
    cipher.final()
  }
  return (performance.now() - begin) / 1000
}

if (!isMainThread) parentPort?.postMessage(work(workerData))
