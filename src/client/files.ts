/** Disk images on the client's machine. */
import { constants } from 'node:fs'
import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CHUNK_BYTES, type DiskBytes } from './content-digest.ts'
import { ClientFailure } from './failures.ts'

/** What the system refuses is told in its words; the rest is ours. */
export async function onDisk<T>(work: () => Promise<T>, next?: string): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    throw new ClientFailure(error.message, { next, cause: error })
  }
}

/** Undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The file takes its name only with all that is in it, whatever happens to the machine. */
export async function publish(handle: FileHandle, from: string, to: string): Promise<void> {
  await handle.sync()
  await rename(from, to)
  await using folder = await open(dirname(to), 'r')
  await folder.sync()
}

/** What is there stays, unless it is to begin anew. */
export const openPart = (path: string, anew: boolean): Promise<FileHandle> =>
  open(path, constants.O_RDWR | constants.O_CREAT | (anew ? constants.O_TRUNC : 0))

export async function put(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten
}

export async function fill(handle: FileHandle, into: Buffer, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, into.length - at, position + at)
    if (bytesRead === 0) throw new ClientFailure('the file became shorter while it was read')
    at += bytesRead
  }
}

export const rawDisk = (handle: FileHandle, sizeBytes: number): DiskBytes => ({
  sizeBytes,
  read: (into, offset) => fill(handle, into, offset).then(() => true),
})

const UNUSED_BITS = 0x00ff_ffff_ffff_fe00n

/** A qcow2 file as the service writes it: version 3, clusters as large as chunks, nothing compressed, nothing behind it. */
export async function qcow2Disk(handle: FileHandle, sizeBytes: number): Promise<DiskBytes> {
  const header = Buffer.alloc(104)
  await fill(handle, header, 0)
  const known =
    header.toString('latin1', 0, 4) === 'QFI\xfb' &&
    header.readUInt32BE(4) === 3 &&
    header.readBigUInt64BE(8) === 0n &&
    2 ** header.readUInt32BE(20) === CHUNK_BYTES &&
    header.readBigUInt64BE(24) === BigInt(Math.ceil(sizeBytes / 512) * 512) &&
    header.readBigUInt64BE(72) === 0n
  if (!known) throw new ClientFailure('what came is not the qcow2 file that was asked for')
  const tables = await table(handle, Number(header.readBigUInt64BE(40)), header.readUInt32BE(36))
  const perTable = CHUNK_BYTES / 8
  let [current, places]: [number, readonly number[]] = [-1, []]
  return {
    sizeBytes,
    async read(into, offset) {
      const cluster = offset / CHUNK_BYTES
      const number = Math.floor(cluster / perTable)
      if (number !== current) {
        const at = tables[number] ?? 0
        ;[current, places] = [number, at === 0 ? [] : await table(handle, at, perTable)]
      }
      const place = places[cluster % perTable] ?? 0
      if (place === 0) return false
      await fill(handle, into, place)
      return true
    },
  }
}

async function table(handle: FileHandle, at: number, entries: number): Promise<readonly number[]> {
  const bytes = Buffer.alloc(entries * 8)
  await fill(handle, bytes, at)
  return Array.from({ length: entries }, (_, number) => Number(bytes.readBigUInt64BE(number * 8) & UNUSED_BITS))
}
