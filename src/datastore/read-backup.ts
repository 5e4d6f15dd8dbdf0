/** Any range of a backup, verified. */
import type { Extent } from '../ports/disks.ts'
import { CHUNK_BYTES } from './chunk.ts'
import type { BackupReader } from './datastore.ts'
import { type DiskRun, diskRuns } from './disk-runs.ts'
import { fetchGoodChunks } from './fetch-chunks.ts'
import { inOrder } from './in-order.ts'
import { digestOf, type Manifest } from './manifest.ts'
import type { Realm } from './realms.ts'

/** Blocks that one read works on at once; small, since several readers may be at it. */
const READ_AHEAD = 4

export function backupReader(realm: Realm, manifest: Manifest): BackupReader {
  const { sizeBytes } = manifest
  return {
    sizeBytes,
    digest: digestOf(manifest),
    async read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= sizeBytes))
        throw new RangeError(`${length} bytes from ${offset} are not within a disk of ${sizeBytes}`)
      const into = Buffer.alloc(length)
      const runs = diskRuns(
        realm,
        manifest,
        Math.floor(offset / CHUNK_BYTES),
        Math.ceil((offset + length) / CHUNK_BYTES),
      )
      const data = inOrder(runs, { width: READ_AHEAD, work: run => contentOf(realm, run) })
      for await (const { run, content } of data) {
        if (content === undefined) continue
        const skip = Math.max(0, offset - run.offset)
        into.set(content.subarray(skip, Math.min(run.length, offset + length - run.offset)), run.offset + skip - offset)
      }
      return into
    },
    async *extents(from = 0, to = sizeBytes) {
      if (!(from >= 0 && from <= to && to <= sizeBytes))
        throw new RangeError(`${from} to ${to} is not within a disk of ${sizeBytes}`)
      let last: Extent | undefined
      for await (const run of diskRuns(realm, manifest, Math.floor(from / CHUNK_BYTES), Math.ceil(to / CHUNK_BYTES))) {
        const offset = Math.max(run.offset, from)
        const length = Math.min(run.offset + run.length, to) - offset
        const data = run.chunks.length > 0
        if (last && last.data !== data) yield last
        last = last?.data === data ? { ...last, length: last.length + length } : { offset, length, data }
      }
      if (last) yield last
    },
  }
}

async function contentOf(realm: Realm, run: DiskRun): Promise<{ run: DiskRun; content: Uint8Array | undefined }> {
  if (run.chunks.length === 0) return { run, content: undefined }
  const block = await realm.blocks.take()
  try {
    await fetchGoodChunks(realm, run.chunks, block.raw)
    return { run, content: new Uint8Array(block.raw).slice(0, run.length) }
  } finally {
    realm.blocks.give(block)
  }
}
