/**
 * What a full backup of a disk costs at least, as a process of its own: `floor.ts DISK`. Every chunk with data is read
 * from the page cache and hashed, every different one compressed and encrypted, by as many threads as the data plane has;
 * nothing is looked up, gathered or written. Prints the seconds of each part, summed over the threads, as JSON.
 */
import { createCipheriv, hash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { codec, compress } from '../../src/datastore/chunk.ts'
import { freeBuffer } from '../../src/datastore/free-buffer.ts'

export interface Floor {
  /** From start to end, of both threads together. */
  readonly seconds: number
  /** Of the processors in that time, by all threads of the process. */
  readonly cpuSeconds: number
  /** Thread seconds of each part. */
  readonly read: number
  readonly sha256: number
  readonly zstd: number
  readonly aesGcm: number
}

type Parts = Omit<Floor, 'seconds' | 'cpuSeconds'>

interface Share {
  readonly disk: string
  /** Numbers of the chunks with data; those to be compressed as well have their top bit set. */
  readonly chunks: Uint32Array
  /** One number: the next chunk to be taken. */
  readonly next: Int32Array
}

const CHUNK = 262_144
const THREADS = 2
const FRESH = 0x80000000

async function main(disk: string): Promise<void> {
  const chunks = chunksOf(disk)
  const share: Share = { disk, chunks, next: new Int32Array(new SharedArrayBuffer(4)) }
  const workers = Array.from({ length: THREADS }, () => new Worker(new URL(import.meta.url), { workerData: share }))
  await Promise.all(workers.map(worker => once(worker, 'message')))
  const before = process.cpuUsage()
  const begin = performance.now()
  for (const worker of workers) worker.postMessage('go')
  const parts = await Promise.all(workers.map(async worker => (await once(worker, 'message'))[0] as Parts))
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(before)
  const sum = (of: (part: Parts) => number): number => parts.reduce((total, part) => total + of(part), 0)
  const floor: Floor = {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    read: sum(part => part.read),
    sha256: sum(part => part.sha256),
    zstd: sum(part => part.zstd),
    aesGcm: sum(part => part.aesGcm),
  }
  console.log(JSON.stringify(floor))
}

function chunksOf(disk: string): Uint32Array {
  const zeros = Buffer.alloc(CHUNK)
  const chunk = Buffer.alloc(CHUNK)
  const seen = new Set<string>()
  const found: number[] = []
  const handle = openSync(disk, 'r')
  for (let number = 0; number * CHUNK < fstatSync(handle).size; number++) {
    const content = chunk.subarray(0, readSync(handle, chunk, 0, CHUNK, number * CHUNK))
    if (content.equals(zeros.subarray(0, content.length))) continue
    const name = hash('sha256', content, 'base64')
    found.push(seen.has(name) ? number : (number | FRESH) >>> 0)
    seen.add(name)
  }
  closeSync(handle)
  const shared = new Uint32Array(new SharedArrayBuffer(found.length * 4))
  shared.set(found)
  return shared
}

function work({ disk, chunks, next }: Share): Parts {
  const handle = openSync(disk, 'r')
  const chunk = Buffer.alloc(CHUNK)
  const key = Buffer.alloc(32, 1)
  const parts = { read: 0, sha256: 0, zstd: 0, aesGcm: 0 }
  let last = performance.now()
  const spentOn = (part: keyof Parts): void => {
    const now = performance.now()
    parts[part] += (now - last) / 1000
    last = now
  }
  for (let at = Atomics.add(next, 0, 1); at < chunks.length; at = Atomics.add(next, 0, 1)) {
    const entry = chunks[at] ?? 0
    const content = chunk.subarray(0, readSync(handle, chunk, 0, CHUNK, (entry & ~FRESH) * CHUNK))
    spentOn('read')
    hash('sha256', content, 'buffer')
    spentOn('sha256')
    if ((entry & FRESH) === 0) continue
    const packed = compress(content)
    spentOn('zstd')
    const cipher = createCipheriv('aes-256-gcm', key, key.subarray(0, 12))
    const sealed = cipher.update(packed.bytes)
    cipher.final()
    if (packed.codec === codec.zstd) freeBuffer(packed.bytes)
    freeBuffer(sealed)
    spentOn('aesGcm')
  }
  closeSync(handle)
  return parts
}

if (isMainThread) await main(process.argv[2] ?? '')
else {
  parentPort?.postMessage('ready')
  parentPort?.once('message', () => parentPort?.postMessage(work(workerData)))
}
