/**
 * A backup into a target, in the order of its bytes. Chunks are opened ahead in the workers and checked there; zeros are
 * left out of a blank target and zeroed in any other. All that was written is flushed, and read back from the target and
 * compared by fingerprints after that: the target of a restore that resolves gave back exactly what has the digest of the
 * backup (that zeroed runs are zeros is the target's word).
 */
import type { DiskWriter } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'
import type { Block } from './block-pool.ts'
import type { Progress, RestoredBackup } from './datastore.ts'
import { type DiskRun, diskRuns } from './disk-runs.ts'
import { fetchGoodChunks } from './fetch-chunks.ts'
import { inOrder } from './in-order.ts'
import type { Manifest } from './manifest.ts'
import { progressReport } from './progress.ts'
import { type ReadBack, readBack } from './read-back.ts'
import type { Realm } from './realms.ts'

export async function restoreBackup(
  realm: Realm,
  manifest: Manifest,
  target: DiskWriter,
  progress: Progress,
): Promise<RestoredBackup> {
  const { sizeBytes } = manifest
  if (target.sizeBytes < sizeBytes)
    throw new Fault('denied', `a disk of ${sizeBytes} bytes does not fit into a target of ${target.sizeBytes}`)
  const report = progressReport(progress, sizeBytes)
  const { signal } = progress
  const checked = readBack(target, sizeBytes, signal)
  try {
    const writtenBytes = await writeAll(
      { realm, manifest, target, signal, checked },
      at => at < sizeBytes && report(at),
    )
    if (!target.blank && target.sizeBytes > sizeBytes) await target.zero(sizeBytes, target.sizeBytes - sizeBytes)
    await checked.finish()
    report(sizeBytes)
    return { writtenBytes }
  } finally {
    await checked.settled()
  }
}

interface Restore {
  readonly realm: Realm
  readonly manifest: Manifest
  readonly target: DiskWriter
  readonly signal: AbortSignal | undefined
  readonly checked: ReadBack
}

interface LoadedRun {
  readonly run: DiskRun
  readonly block: Block | undefined
}

async function writeAll(restore: Restore, done: (bytes: number) => void): Promise<number> {
  const { realm, manifest, target, signal, checked } = restore
  const runs = inOrder(diskRuns(realm, manifest), {
    width: realm.blocks.count,
    work: run => load(realm, run, signal),
    drop: ({ block }) => block && realm.blocks.give(block),
  })
  let writtenBytes = 0
  for await (const { run, block } of runs) {
    if (block) {
      try {
        signal?.throwIfAborted()
        const content = new Uint8Array(block.raw, 0, run.length)
        await target.write(content, run.offset)
        await checked.wrote(run.offset, content)
      } finally {
        realm.blocks.give(block)
      }
      writtenBytes += run.length
    } else {
      signal?.throwIfAborted()
      if (!target.blank) await target.zero(run.offset, run.length)
    }
    done(run.offset + run.length)
  }
  return writtenBytes
}

async function load(realm: Realm, run: DiskRun, signal: AbortSignal | undefined): Promise<LoadedRun> {
  if (run.chunks.length === 0) return { run, block: undefined }
  const block = await realm.blocks.take(signal)
  try {
    await fetchGoodChunks(realm, run.chunks, block.raw)
    return { run, block }
  } catch (error) {
    realm.blocks.give(block)
    throw error
  }
}
