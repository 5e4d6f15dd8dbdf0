import type { OpenBackup } from '../ports/backup-bytes.ts'
import type { Extent } from '../ports/disks.ts'
import type { BlockCache } from './block-cache.ts'

/** What a read may not cross: a chunk of the datastore, so that nothing is decrypted that nobody asked for. */
export const BLOCK_BYTES = 256 * 1024

/** The disk that clients of one session see. Ranges are within it; who asks has checked. */
export interface ExportDisk {
  readonly sizeBytes: number
  /** Within one block. The bytes are shared: nobody may change them. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Without gaps from `from` to `to`. */
  extents(from: number, to: number): AsyncIterable<Extent>
  /** Absent: the disk cannot be written. */
  readonly changes?: DiskChanges
  close(): Promise<void>
}

export interface DiskChanges {
  write(from: Uint8Array, offset: number): Promise<void>
  zero(offset: number, length: number): Promise<void>
}

/** A backup as it was taken. `name` tells its blocks from other backups' in the cache. */
export function backupDisk(backup: OpenBackup, name: string, cache: BlockCache): ExportDisk {
  const { sizeBytes } = backup
  return {
    sizeBytes,
    async read(offset, length) {
      const start = offset - (offset % BLOCK_BYTES)
      const bytes = Math.min(BLOCK_BYTES, sizeBytes - start)
      const block = await cache.get(`${name} ${start}`, () => backup.read(start, bytes))
      return block.subarray(offset - start, offset - start + length)
    },
    extents: (from, to) => backup.extents(from, to),
    close: async () => undefined,
  }
}

export interface Piece {
  readonly offset: number
  readonly length: number
}

/** A range, cut where blocks of this size end. */
export function cut(offset: number, length: number, bytes: number): readonly Piece[] {
  const pieces: Piece[] = []
  for (let at = offset; at < offset + length; ) {
    const end = Math.min(at - (at % bytes) + bytes, offset + length)
    pieces.push({ offset: at, length: end - at })
    at = end
  }
  return pieces
}
