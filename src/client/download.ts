/**
 * A disk of a backup becomes a file. What has come lies in `FILE.part`; when it is complete it is flushed, read back and
 * held against the backup's digest, and only then has the name that was asked for. A raw disk goes on where an earlier
 * try ended, and keeps its holes; whether the earlier part was of this disk is for the digest to say.
 */
import type { FileHandle } from 'node:fs/promises'
import type { Cbr } from './cbr.ts'
import { CHUNK_BYTES, contentDigest, isZero } from './content-digest.ts'
import { ClientFailure, mayPass } from './failures.ts'
import { onDisk, openPart, publish, put, qcow2Disk, rawDisk, sizeOf } from './files.ts'
import { textOf, unanswered } from './send.ts'

export type DiskFormat = 'raw' | 'qcow2'

export interface Wanted {
  /** Answers raw bytes and takes a `Range`; with `?format=qcow2` a whole file. */
  readonly from: string
  readonly format: DiskFormat
  readonly file: string
  /** The backup's; undefined for one that is older than digests. */
  readonly digest: string | undefined
  /** An existing file is replaced. */
  readonly replace: boolean
}

export interface Downloaded {
  readonly file: string
  readonly format: DiskFormat
  /** Of the disk. */
  readonly sizeBytes: number
  /** What was found in the file. */
  readonly digest: string
}

export type Tell = (phase: 'received' | 'checked', bytes: number, of: number) => void

/** How often a raw disk is asked for anew without anything coming. */
const MOST_TRIES = 5
const PAUSE_MS = 1000

export async function downloadDisk(cbr: Cbr, wanted: Wanted, tell: Tell): Promise<Downloaded> {
  const part = `${wanted.file}.part`
  return onDisk(async () => {
    if (!wanted.replace && (await sizeOf(wanted.file)) !== undefined)
      throw new ClientFailure(`${wanted.file} exists`, { next: 'say --force to replace it' })
    const resumed = wanted.format === 'raw' && (await sizeOf(part)) !== undefined
    const got = await attempt(cbr, part, wanted, tell)
    if (got !== undefined) return got
    const anew = resumed ? await attempt(cbr, part, wanted, tell) : undefined
    return anew ?? differs()
  }, `what has come is in ${part}; run it again to go on`)
}

function differs(): never {
  throw new ClientFailure('what came does not have the digest of the backup', { next: 'opencbr backup verify' })
}

/** Undefined, and an empty part, where its digest is not the backup's. */
async function attempt(cbr: Cbr, part: string, wanted: Wanted, tell: Tell): Promise<Downloaded | undefined> {
  const { from, format, file } = wanted
  const sizeBytes = await sizeAt(cbr, from)
  await using handle = await openPart(part, format !== 'raw')
  if (format === 'raw') await receiveRaw(cbr, handle, { from, sizeBytes }, tell)
  else await receiveWhole(cbr, handle, `${from}?format=${format}`, tell)
  const disk = format === 'raw' ? rawDisk(handle, sizeBytes) : await qcow2Disk(handle, sizeBytes)
  const digest = await contentDigest(disk, bytes => tell('checked', bytes, sizeBytes))
  if (wanted.digest !== undefined && wanted.digest !== digest) {
    await handle.truncate(0)
    return undefined
  }
  await publish(handle, part, file)
  return { file, format, sizeBytes, digest }
}

/** Exact, where a backup tells whole GB. */
async function sizeAt(cbr: Cbr, from: string): Promise<number> {
  const response = await cbr.open(from, { headers: { range: 'bytes=0-0' } })
  await textOf(response, response.url)
  const [, bytes] = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (bytes === undefined) throw new ClientFailure('the service did not say how large the disk is')
  return Number(bytes)
}

interface RawDisk {
  readonly from: string
  readonly sizeBytes: number
}

async function receiveRaw(cbr: Cbr, handle: FileHandle, disk: RawDisk, tell: Tell): Promise<void> {
  const { sizeBytes } = disk
  const there = Math.min((await handle.stat()).size, sizeBytes)
  let at = there - (there % CHUNK_BYTES)
  await handle.truncate(at)
  for (let failures = 0; at < sizeBytes; ) {
    const before = at
    try {
      for await (const chunk of chunksFrom(cbr, disk, at)) {
        if (!isZero(chunk)) await put(handle, chunk, at)
        at += chunk.length
        tell('received', at, sizeBytes)
      }
    } catch (error) {
      failures = at > before ? 1 : failures + 1
      if (!mayPass(error) || failures > MOST_TRIES) throw error
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
  await handle.truncate(sizeBytes)
}

/** The disk from there on, cut as it is stored; a chunk is good until the next one is asked for. */
async function* chunksFrom(cbr: Cbr, { from, sizeBytes }: RawDisk, begin: number): AsyncIterable<Uint8Array> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let filled = 0
  let at = begin
  for await (const piece of bytesOf(await cbr.open(from, { headers: { range: `bytes=${begin}-` } }))) {
    for (let used = 0; used < piece.length; ) {
      const step = Math.min(CHUNK_BYTES - filled, piece.length - used)
      chunk.set(piece.subarray(used, used + step), filled)
      filled += step
      used += step
      if (filled < CHUNK_BYTES && at + filled < sizeBytes) continue
      yield chunk.subarray(0, filled)
      at += filled
      filled = 0
    }
  }
}

/** A file of the service's making: there is no going on in the middle of it. */
async function receiveWhole(cbr: Cbr, handle: FileHandle, from: string, tell: Tell): Promise<void> {
  const response = await cbr.open(from)
  const length = Number(response.headers.get('content-length'))
  let at = 0
  for await (const piece of bytesOf(response)) {
    await put(handle, piece, at)
    at += piece.length
    tell('received', at, length)
  }
}

async function* bytesOf(response: Response): AsyncIterable<Uint8Array> {
  try {
    if (response.body !== null) yield* response.body
  } catch (cause) {
    throw unanswered(response.url, cause)
  }
}
