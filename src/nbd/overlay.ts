/**
 * Copy on write: what clients write lies in a sparse file beside the backup, block by block, and is forgotten with the
 * session. A block is the backup's, or written, or zero; it becomes its own with the first write into it, which fills
 * the rest of the block from the backup. Writes to one block wait for each other; reads see the state before or after.
 */
import { type FileHandle, open, unlink } from 'node:fs/promises'
import type { Extent } from '../ports/disks.ts'
import { systemFault } from '../ports/system-fault.ts'
import { cut, type ExportDisk, type Piece } from './export-disk.ts'

/** Small enough that a file system's small writes copy little, large enough that the table of a terabyte takes 16 MiB. */
const GRAIN = 64 * 1024

const state = { backup: 0, written: 1, zero: 2 } as const

/** `path` must not exist; it is gone from its folder when this resolves, and from the disk when the overlay is closed. */
export async function openOverlay(base: ExportDisk, path: string): Promise<ExportDisk> {
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  const { sizeBytes } = base
  const grains = grainTable()
  const inTurn = turns()

  const writeGrain = async (from: Uint8Array, { offset, length }: Piece) => {
    const grain = Math.floor(offset / GRAIN)
    const start = grain * GRAIN
    const whole = Math.min(GRAIN, sizeBytes - start)
    await inTurn(grain, async () => {
      if (grains.get(grain) === state.written || length === whole) await writeAll(file, from, offset)
      else {
        const filled = Buffer.alloc(whole)
        if (grains.get(grain) === state.backup) filled.set(await base.read(start, whole))
        filled.set(from, offset - start)
        await writeAll(file, filled, start)
      }
      grains.set(grain, state.written)
    })
  }

  const zeroGrain = async (piece: Piece) => {
    const grain = Math.floor(piece.offset / GRAIN)
    const whole = Math.min(GRAIN, sizeBytes - grain * GRAIN)
    if (piece.length < whole) return writeGrain(Buffer.alloc(piece.length), piece)
    await inTurn(grain, async () => grains.set(grain, state.zero))
  }

  return {
    sizeBytes,
    async read(offset, length) {
      const pieces = cut(offset, length, GRAIN)
      const states = pieces.map(piece => grains.get(Math.floor(piece.offset / GRAIN)))
      if (states.every(found => found === state.backup)) return base.read(offset, length)
      const into = Buffer.alloc(length)
      await Promise.all(
        pieces.map(async (piece, at) => {
          const target = into.subarray(piece.offset - offset, piece.offset - offset + piece.length)
          if (states[at] === state.written) await readAll(file, target, piece.offset)
          else if (states[at] === state.backup) target.set(await base.read(piece.offset, piece.length))
        }),
      )
      return into
    },
    async *extents(from, to) {
      let last: Extent | undefined
      for await (const extent of base.extents(from, to)) {
        for (const { offset, length } of cut(extent.offset, extent.length, GRAIN)) {
          const found = grains.get(Math.floor(offset / GRAIN))
          const data = found === state.backup ? extent.data : found === state.written
          if (last && last.data !== data) yield last
          last = last?.data === data ? { ...last, length: last.length + length } : { offset, length, data }
        }
      }
      if (last) yield last
    },
    changes: {
      async write(from, offset) {
        await Promise.all(
          cut(offset, from.length, GRAIN).map(piece =>
            writeGrain(from.subarray(piece.offset - offset, piece.offset - offset + piece.length), piece),
          ),
        )
      },
      async zero(offset, length) {
        await Promise.all(cut(offset, length, GRAIN).map(zeroGrain))
      },
    },
    close: () => file.close(),
  }
}

/** A byte per grain; pages of them come to be when one is set. */
function grainTable() {
  const PAGE = 4096
  const pages = new Map<number, Uint8Array>()
  return {
    get: (grain: number): number => pages.get(Math.floor(grain / PAGE))?.[grain % PAGE] ?? state.backup,
    set(grain: number, to: number): void {
      const at = Math.floor(grain / PAGE)
      const page = pages.get(at) ?? new Uint8Array(PAGE)
      page[grain % PAGE] = to
      pages.set(at, page)
    },
  }
}

/** Runs what concerns one grain one after another. */
function turns() {
  const last = new Map<number, Promise<void>>()
  return async (grain: number, work: () => Promise<void>): Promise<void> => {
    const before = last.get(grain)
    const done = (async () => {
      await before?.catch(() => undefined) // told to who asked for it
      await work()
    })()
    last.set(grain, done)
    try {
      await done
    } finally {
      if (last.get(grain) === done) last.delete(grain)
    }
  }
}

async function writeAll(file: FileHandle, from: Uint8Array, offset: number): Promise<void> {
  try {
    for (let done = 0; done < from.length; )
      done += (await file.write(from, done, from.length - done, offset + done)).bytesWritten
  } catch (error) {
    throw systemFault('cannot write to an overlay', error)
  }
}

async function readAll(file: FileHandle, into: Uint8Array, offset: number): Promise<void> {
  try {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await file.read(into, done, into.length - done, offset + done)
      if (bytesRead === 0) throw new Error(`an overlay ends at ${offset + done}`)
      done += bytesRead
    }
  } catch (error) {
    throw systemFault('cannot read an overlay', error)
  }
}
