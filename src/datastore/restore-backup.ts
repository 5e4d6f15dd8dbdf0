/**
 * A backup into a target, in the order of its bytes. Chunks are opened ahead in the workers and checked there; zeros are
 * left out of a blank target and zeroed in any other. When everything has been flushed, what was written is read back
 * from the target and hashed again: a restore that resolves has the digest of the backup, by what the target says it
 * holds (zeroed runs are the target's word).
 */
import type { DiskWriter } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'
import type { Block } from './block-pool.ts'
import { HASH_BYTES, kind } from './chunk.ts'
import type { Progress, RestoredBackup } from './datastore.ts'
import { type DiskRun, diskRuns } from './disk-runs.ts'
import { fetchGoodChunks } from './fetch-chunks.ts'
import { inOrder } from './in-order.ts'
import type { Manifest } from './manifest.ts'
import { progressReport } from './progress.ts'
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
  // Reading back is about a quarter of the work.
  const report = progressReport(progress, sizeBytes)
  const writtenBytes = await writeAll(realm, manifest, target, progress.signal, at => report(at * 0.75))
  if (!target.blank && target.sizeBytes > sizeBytes) await target.zero(sizeBytes, target.sizeBytes - sizeBytes)
  await target.flush()
  await readBack(realm, manifest, target, progress.signal, at => report(sizeBytes * 0.75 + at * 0.25))
  report(sizeBytes)
  return { writtenBytes }
}

interface LoadedRun {
  readonly run: DiskRun
  readonly block: Block | undefined
}

async function writeAll(
  realm: Realm,
  manifest: Manifest,
  target: DiskWriter,
  signal: AbortSignal | undefined,
  done: (bytes: number) => void,
): Promise<number> {
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
        await target.write(new Uint8Array(block.raw, 0, run.length), run.offset)
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
    block.raw = await fetchGoodChunks(realm, run.chunks, block.raw)
    return { run, block }
  } catch (error) {
    realm.blocks.give(block)
    throw error
  }
}

async function readBack(
  realm: Realm,
  manifest: Manifest,
  target: DiskWriter,
  signal: AbortSignal | undefined,
  done: (bytes: number) => void,
): Promise<void> {
  const runs = inOrder(diskRuns(realm, manifest), {
    width: realm.blocks.count,
    work: async run => {
      if (run.chunks.length > 0) await checkRun(realm, run, target, signal)
      return run
    },
  })
  for await (const run of runs) {
    signal?.throwIfAborted()
    done(run.offset + run.length)
  }
}

async function checkRun(realm: Realm, run: DiskRun, target: DiskWriter, signal?: AbortSignal): Promise<void> {
  const block = await realm.blocks.take(signal)
  try {
    await target.read(new Uint8Array(block.raw, 0, run.length), run.offset)
    const job = { naming: realm.naming, kind: kind.data, raw: block.raw, length: run.length }
    const { raw, hashes } = await realm.threads.run('hash', job, [block.raw])
    block.raw = raw
    for (const [number, chunk] of run.chunks.entries()) {
      const found = Buffer.from(hashes.subarray(number * HASH_BYTES, (number + 1) * HASH_BYTES))
      if ('hash' in chunk && !found.equals(chunk.hash))
        throw new Fault('corrupt', `the target does not hold what was written to it at byte ${run.offset + chunk.at}`)
    }
  } finally {
    realm.blocks.give(block)
  }
}
