import type { Stats } from 'node:fs'
import { mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { DiskLocation, DiskReader, Disks, DiskWriter, Extent } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import { systemCode, systemFault } from '../../ports/system-fault.ts'
import { type CLibrary, findCLibrary } from './c-library.ts'
import { hasSize, identityOf, look, type OpenDisk, openDisk } from './open-disk.ts'
import { checkWithin, readAt, writeAt, zeroByHand } from './transfer.ts'

/** A hole is made while everything else waits: some devices take their time over a large one. */
const punchBytes = 128 * 1024 * 1024

export interface RawOptions {
  /** False: does without the C library's help (for tests). */
  readonly cLibrary?: boolean
}

/** Raw image files and block devices of this machine. */
export function rawDisks(options: RawOptions = {}): Disks {
  const library = options.cLibrary === false ? Promise.resolve(undefined) : findCLibrary()
  const written = new Set<string>()

  return {
    openReader: ({ path }) =>
      at(`cannot open disk ${path}`, async () => {
        const c = await library
        return readerOf(await openDisk(path, await look(path), 'read'), c)
      }),
    openWriter: ({ path }) =>
      at(`cannot open disk ${path} for writing`, async () => {
        const c = await library
        const seen = await look(path)
        const identity = identityOf(seen)
        if (written.has(identity)) throw new Fault('conflict', `disk ${path} is being written already`)
        written.add(identity)
        const release = () => written.delete(identity)
        try {
          return await openAlone(path, seen, c, release)
        } catch (error) {
          release()
          throw error
        }
      }),
    create: (path, sizeBytes) => at(`cannot make disk ${path}`, () => createFile(path, sizeBytes)),
    remove: ({ path }) =>
      at(`cannot remove disk ${path}`, async () => {
        const seen = await lookIfThere(path)
        if (!seen) return
        if (!seen.isFile()) throw new Fault('denied', `${path} is a device, which is not OpenCBR's to remove`)
        if (written.has(identityOf(seen))) throw new Fault('conflict', `disk ${path} is being written`)
        await unlink(path)
        await syncParent(path)
      }),
    stat: ({ path }) =>
      at(`cannot look at disk ${path}`, async () => {
        const seen = await look(path)
        if (seen.isFile()) return { sizeBytes: seen.size, allocatedBytes: seen.blocks * 512 }
        const { handle, sizeBytes } = await openDisk(path, seen, 'read')
        await handle.close()
        return { sizeBytes, allocatedBytes: sizeBytes }
      }),
  }
}

async function openAlone(path: string, seen: Stats, c: CLibrary | undefined, release: () => void): Promise<DiskWriter> {
  const disk = await openDisk(path, seen, 'write')
  if (c && !c.take(disk.handle.fd)) {
    await disk.handle.close()
    throw new Fault('conflict', `a virtual machine, or another process, has disk ${path} open; stop it first`)
  }
  return writerOf(disk, c, release)
}

function readerOf(disk: OpenDisk, c: CLibrary | undefined): DiskReader {
  return {
    sizeBytes: disk.sizeBytes,
    read: (into, offset) => readAt(disk, into, offset),
    extents: () => extentsOf(disk, c),
    async checkUnchangedSize() {
      if (!(await at(`cannot look at disk ${disk.path}`, () => hasSize(disk))))
        throw new Fault('changed', `${disk.path} has no longer the ${disk.sizeBytes} bytes it had when opened`)
    },
    [Symbol.asyncDispose]: () => disk.handle.close(),
  }
}

function writerOf(disk: OpenDisk, c: CLibrary | undefined, release: () => void): DiskWriter {
  const { handle, block, sizeBytes } = disk
  return {
    sizeBytes,
    // A count of blocks would not do: some file systems keep a small file's bytes, or late ones, in none.
    blank: !block && c !== undefined && c.dataFrom(handle.fd, 0) === undefined,
    write: (from, offset) => writeAt(disk, from, offset),
    async zero(offset, length) {
      checkWithin(disk, offset, length)
      for (let at = offset; at < offset + length; at += punchBytes) {
        const bytes = Math.min(punchBytes, offset + length - at)
        if (!c?.punch(handle.fd, at, bytes)) await zeroByHand(disk, at, bytes)
        else if (bytes === punchBytes) await setImmediate()
      }
    },
    read: (into, offset) => readAt(disk, into, offset),
    async flush() {
      await at(`cannot flush disk ${disk.path}`, () => handle.datasync())
      // A restored disk is not read again soon, and on a virtual machine each further page of memory is a dear one: its
      // host has to give it first. Writing 3 GiB took 8.2 s of the kernel's time; with the same few pages over and over, 1.2.
      c?.forget(handle.fd)
    },
    async [Symbol.asyncDispose]() {
      release()
      await handle.close()
    },
  }
}

async function* extentsOf({ handle, block, sizeBytes }: OpenDisk, c: CLibrary | undefined): AsyncIterable<Extent> {
  for (let offset = 0; offset < sizeBytes; ) {
    const data = block || !c ? offset : Math.min(c.dataFrom(handle.fd, offset) ?? sizeBytes, sizeBytes)
    if (data > offset) yield { offset, length: data - offset, data: false }
    const end = block || !c || data === sizeBytes ? sizeBytes : c.holeFrom(handle.fd, data, sizeBytes)
    if (end > data) yield { offset: data, length: end - data, data: true }
    offset = end
  }
}

async function createFile(path: string, sizeBytes: number): Promise<DiskLocation> {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) throw new RangeError(`no size of a disk: ${sizeBytes}`)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.truncate(sizeBytes)
    await handle.sync()
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await handle.close()
  }
  await syncParent(path)
  return { path, format: 'raw' }
}

async function lookIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await look(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function syncParent(path: string): Promise<void> {
  const handle = await open(dirname(path), 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function at<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw systemFault(what, error)
  }
}
