/**
 * One disk into a realm. Blocks of up to four chunks are read ahead and go through the workers several at a time; their
 * hashes come back in the disk's order and fill pages; a full page is stored as a chunk. Then, in this order: the packs
 * that hold anything it relies on, the index, the manifest. Whatever ends it earlier leaves only garbage.
 */
import { Fault } from '../ports/fault.ts'
import { type Block, CHUNKS_PER_BLOCK } from './block-pool.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE, HASH_BYTES, kind, NAME_BYTES } from './chunk.ts'
import { type PagePlan, planPages, state } from './chunker.ts'
import type { WriteRequest, WrittenBackup } from './datastore.ts'
import { inOrder } from './in-order.ts'
import { MOST_ROWS_OF_SEGMENT } from './index-segment.ts'
import { digestOf, encodeManifest, type Manifest, MOST_DISK_BYTES, pageCount } from './manifest.ts'
import { findManifest, readPage } from './manifest-store.ts'
import { progressReport } from './progress.ts'
import type { Realm } from './realms.ts'
import { isZeroHash, type Reliance, reliance, storeChunks } from './store-chunks.ts'
import { isCorrupt } from './store-view.ts'

interface Write {
  readonly realm: Realm
  readonly request: WriteRequest
  readonly relies: Reliance
  readonly base: Manifest | undefined
  readonly stop: AbortSignal
}

/** A page being filled: the blocks of it that are still to come out of the pipeline do the rest. */
interface Page {
  readonly page: number
  readonly hashes: Uint8Array<ArrayBuffer>
}

/** A page with what it has from the base: `same` chunks have their hash already. */
interface PlannedPage extends PagePlan {
  readonly hashes: Uint8Array<ArrayBuffer>
}

/** Pages of the base that are fetched and named side by side. */
const PAGES_AHEAD = 4

/** Chunks of a page that are read together; none for a page's last step. */
interface Step extends Page {
  readonly first: number
  readonly count: number
  readonly last: boolean
}

export async function writeBackup(realm: Realm, request: WriteRequest, now: () => Date): Promise<WrittenBackup> {
  const { source, signal } = request
  if (source.sizeBytes > MOST_DISK_BYTES)
    throw new Fault('denied', `a disk of ${source.sizeBytes} bytes is larger than ${MOST_DISK_BYTES}`)
  await realm.index.refresh()
  const failed = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const relies = reliance(error => failed.abort(error))
  const base = request.changed && request.base ? await ifIntact(realm, findManifest(realm, request.base.id)) : undefined
  const write: Write = { realm, request, relies, base, stop }

  const pages = await writePages(write)
  await source.checkUnchangedSize()
  stop.throwIfAborted()
  await makeDurable(write)
  const manifest = {
    sizeBytes: source.sizeBytes,
    createdAt: now(),
    dataBytes: relies.dataBytes,
    storedBytes: relies.storedBytes,
    fullBytes: fullBytes(realm, relies),
    pages,
  }
  // Never over another: of two runs at one backup, the one that was thought dead may come last.
  const key = realm.keys.manifest(request.id)
  if (!(await realm.objectStore.putNew(key, encodeManifest(realm.sealing, request.id, manifest))))
    throw new Fault('conflict', `there is a manifest ${request.id} already`, { permanent: false })
  const { sizeBytes, dataBytes, storedBytes, fullBytes: full } = manifest
  return { digest: digestOf(manifest), sizeBytes, dataBytes, storedBytes, fullBytes: full }
}

async function writePages(write: Write): Promise<Buffer> {
  const { realm, request, stop } = write
  const { sizeBytes } = request.source
  const pages = Buffer.alloc(pageCount(sizeBytes) * HASH_BYTES)
  const report = progressReport(request, sizeBytes)
  const steps = inOrder(stepsOf(write), {
    width: realm.blocks.count,
    work: async step => {
      if (step.count > 0) step.hashes.set(await storeBlock(write, step), step.first * HASH_BYTES)
      return step
    },
  })
  for await (const { page, first, count, last, hashes } of steps) {
    stop.throwIfAborted()
    if (last) {
      pages.set(await storePage(write, hashes), page * HASH_BYTES)
      if (realm.index.uncommitted() >= MOST_ROWS_OF_SEGMENT) await realm.index.commit()
    }
    report(Math.min(sizeBytes, (page * CHUNKS_PER_PAGE + first + count) * CHUNK_BYTES))
  }
  report(sizeBytes)
  return pages
}

async function* stepsOf(write: Write): AsyncGenerator<Step> {
  const { source, changed } = write.request
  const { sizeBytes } = source
  const usingBase = write.base && changed ? { changed } : {}
  const plans = planPages({ sizeBytes, extents: source.extents(), ...usingBase })
  const pages = inOrder(plans, { width: PAGES_AHEAD, work: plan => takeFromBase(write, plan) })
  for await (const { page, states, hashes } of pages) {
    write.stop.throwIfAborted()
    for (let first = 0; first < states.length; ) {
      let count = 0
      while (count < CHUNKS_PER_BLOCK && states[first + count] === state.read) count += 1
      if (count > 0) yield { page, hashes, first, count, last: false }
      first += Math.max(1, count)
    }
    yield { page, hashes, first: states.length, count: 0, last: true }
  }
}

/** Chunks that are as in the base take its hash; where the realm has no such chunk to build on, they are read. */
async function takeFromBase({ realm, base, relies, request }: Write, { page, states }: PagePlan): Promise<PlannedPage> {
  const hashes = new Uint8Array(states.length * HASH_BYTES)
  const planned = { page, states, hashes }
  if (base === undefined || !states.includes(state.same)) return planned
  const whole = Math.floor(Math.min(base.sizeBytes, request.source.sizeBytes) / CHUNK_BYTES) - page * CHUNKS_PER_PAGE
  const known = (whole > 0 && (await ifIntact(realm, readPage(realm, base, page)))) || new Uint8Array()
  const { names } = await realm.threads.run('name', { naming: realm.naming, kind: kind.data, hashes: known })
  const view = new DataView(names.buffer)
  for (let chunk = 0; chunk < states.length; chunk++) {
    if (states[chunk] !== state.same) continue
    states[chunk] = state.read
    if (chunk >= whole || known.length === 0) continue
    const at = chunk * HASH_BYTES
    const id = isZeroHash(known, at) ? undefined : realm.index.chunks.find(view, chunk * NAME_BYTES)
    if (id !== undefined && (id < 0 || !realm.index.usable(id))) continue
    states[chunk] = state.same
    hashes.set(known.subarray(at, at + HASH_BYTES), at)
    if (id === undefined) continue
    relies.chunks.add(id)
    relies.dataBytes += CHUNK_BYTES
  }
  return planned
}

/** A damaged base is no reason to fail: everything is read instead. */
async function ifIntact<T>(realm: Realm, reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (!isCorrupt(error)) throw error
    realm.log.error({ err: error }, 'the previous backup is damaged: more is read than has changed')
    return undefined
  }
}

async function storeBlock({ realm, request, relies, stop }: Write, step: Step): Promise<Uint8Array> {
  const offset = (step.page * CHUNKS_PER_PAGE + step.first) * CHUNK_BYTES
  const length = Math.min(step.count * CHUNK_BYTES, request.source.sizeBytes - offset)
  const block: Block = await realm.blocks.take(stop)
  try {
    await request.source.read(new Uint8Array(block.raw, 0, length), offset)
    stop.throwIfAborted()
    return await storeChunks(realm, relies, block, { kind: kind.data, length })
  } finally {
    realm.blocks.give(block)
  }
}

/** The page's hash; zeros for a page of zeros, of which a sparse disk may have any number. */
async function storePage({ realm, relies }: Write, hashes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (Buffer.compare(hashes, new Uint8Array(hashes.length)) === 0) return new Uint8Array(HASH_BYTES)
  const buffers = { raw: hashes.buffer, sealed: new ArrayBuffer(0) }
  return storeChunks(realm, relies, buffers, { kind: kind.page, length: hashes.length })
}

async function makeDurable({ realm, relies }: Write): Promise<void> {
  if (relies.packs.size > 0) realm.writer.close()
  for (const pack of [...relies.packs]) {
    const outcome = await pack.stored
    if ('error' in outcome) throw outcome.error
  }
  const packs = new Set<number>()
  for (const id of relies.chunks.values()) packs.add(realm.index.chunks.packOf(id))
  await realm.index.commit(packs)
}

/** Sealed bytes of all it refers to. That each of them lies in a durable pack now is what the manifest promises. */
function fullBytes(realm: Realm, relies: Reliance): number {
  let sum = 0
  for (const id of relies.chunks.values()) {
    if (!realm.index.usable(id) && realm.index.packs.state(realm.index.chunks.packOf(id)) === 'gone')
      throw new Error(`chunk ${realm.index.chunks.nameOf(id).toString('hex')} was lost while it was being relied on`)
    sum += realm.index.chunks.sealedLength(id)
  }
  return sum
}
