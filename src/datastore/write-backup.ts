/**
 * One disk into a realm. Blocks of up to four chunks are read ahead and go through the workers several at a time; their
 * hashes come back in the disk's order and fill pages; a full page is stored as a chunk. Of a chunk that has the fingerprint
 * which is remembered of the base, the hash is the base's (chunk-prints.ts). Then, in this order: the packs
 * that hold anything it relies on, the index, the manifest. Whatever ends it earlier leaves only garbage.
 */
import { Fault } from '../ports/fault.ts'
import { CHUNKS_PER_BLOCK } from './block-pool.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE, HASH_BYTES, kind, mostSealedBytes, NAME_BYTES } from './chunk.ts'
import type { DiskPrints } from './chunk-prints.ts'
import { type PagePlan, planPages, state } from './chunker.ts'
import type { WriteRequest, WrittenBackup } from './datastore.ts'
import { GMAC_BYTES } from './gmac.ts'
import { inOrder } from './in-order.ts'
import { MOST_ROWS_OF_SEGMENT } from './index-segment.ts'
import { digestOf, encodeManifest, type Manifest, MOST_DISK_BYTES, pageCount } from './manifest.ts'
import { findManifest, readPage } from './manifest-store.ts'
import { progressReport } from './progress.ts'
import type { Realm } from './realms.ts'
import { isZeroHash, makeDurable, type Reliance, reliance, type Stored, storeChunks } from './store-chunks.ts'
import { unlessCorrupt } from './store-view.ts'
import type { Printing } from './thread-jobs.ts'

interface Write {
  readonly realm: Realm
  readonly request: WriteRequest
  readonly relies: Reliance
  readonly base: Manifest | undefined
  readonly prints: DiskPrints | undefined
  readonly stop: AbortSignal
}

/** A page being filled: the blocks of it that are still to come out of the pipeline do the rest. */
interface Page {
  readonly page: number
  /** Shared, as those of a block: threads store them as a chunk. */
  readonly hashes: Uint8Array<SharedArrayBuffer>
  readonly prints: Uint8Array
  /** What the base had here, where that is remembered. */
  readonly before: Printing['before'] | undefined
}

/** A page with what it has from the base: `same` chunks have their hash already. */
interface PlannedPage extends PagePlan, Page {}

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
  const usesBase = request.changed !== undefined || realm.prints !== undefined
  const base = usesBase && request.base ? await ifIntact(realm, findManifest(realm, request.base.id)) : undefined
  await using prints = await realm.prints?.begin(realm, base && digestOf(base))
  const write: Write = { realm, request, relies, base, prints, stop }

  const pages = await writePages(write)
  await source.checkUnchangedSize()
  stop.throwIfAborted()
  await makeDurable(realm, relies)
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
  const digest = digestOf(manifest)
  await prints?.keep(digest)
  const { sizeBytes, dataBytes, storedBytes, fullBytes: full } = manifest
  return { digest, sizeBytes, dataBytes, storedBytes, fullBytes: full }
}

async function writePages(write: Write): Promise<Buffer> {
  const { realm, request, stop } = write
  const { sizeBytes } = request.source
  const pages = Buffer.alloc(pageCount(sizeBytes) * HASH_BYTES)
  const report = progressReport(request, sizeBytes)
  const steps = inOrder(stepsOf(write), {
    width: realm.blocks.count,
    work: async step => {
      if (step.count === 0) return step
      const { hashes, prints } = await storeBlock(write, step)
      step.hashes.set(hashes, step.first * HASH_BYTES)
      step.prints.set(prints, step.first * GMAC_BYTES)
      return step
    },
  })
  for await (const { page, first, count, last, hashes, prints } of steps) {
    stop.throwIfAborted()
    if (last) {
      pages.set(await storePage(write, hashes), page * HASH_BYTES)
      await write.prints?.put(page, prints)
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
  for await (const { states, ...page } of pages) {
    write.stop.throwIfAborted()
    for (let first = 0; first < states.length; ) {
      let count = 0
      while (count < CHUNKS_PER_BLOCK && states[first + count] === state.read) count += 1
      if (count > 0) yield { ...page, first, count, last: false }
      first += Math.max(1, count)
    }
    yield { ...page, first: states.length, count: 0, last: true }
  }
}

/** Chunks that are as in the base take its hash; where the realm has no such chunk to build on, they are read. */
async function takeFromBase(write: Write, { page, states }: PagePlan): Promise<PlannedPage> {
  const { realm, base, relies, request, prints: remembered } = write
  const hashes = new Uint8Array(new SharedArrayBuffer(states.length * HASH_BYTES))
  const prints = new Uint8Array(states.length * GMAC_BYTES)
  const fresh = { page, states, hashes, prints, before: undefined }
  if (base === undefined || states.every(is => is === state.zero)) return fresh
  const printed = await remembered?.before(page)
  if (printed === undefined && !states.includes(state.same)) return fresh
  const whole = Math.floor(Math.min(base.sizeBytes, request.source.sizeBytes) / CHUNK_BYTES) - page * CHUNKS_PER_PAGE
  const known = (whole > 0 && (await ifIntact(realm, readPage(realm, base, page)))) || new Uint8Array()
  const planned = { ...fresh, before: printed && { prints: printed, hashes: known } }
  if (!states.includes(state.same)) return planned
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
    if (printed) prints.set(printed.subarray(chunk * GMAC_BYTES, (chunk + 1) * GMAC_BYTES), chunk * GMAC_BYTES)
    if (id === undefined) continue
    relies.chunks.add(id)
    relies.dataBytes += CHUNK_BYTES
  }
  return planned
}

/** A damaged base is no reason to fail: everything is read instead. */
function ifIntact<T>(realm: Realm, reading: Promise<T>): Promise<T | undefined> {
  return unlessCorrupt(reading, error =>
    realm.log.error({ err: error }, 'the previous backup is damaged: more is read than has changed'),
  )
}

async function storeBlock({ realm, request, relies, prints, stop }: Write, step: Step): Promise<Stored> {
  const offset = (step.page * CHUNKS_PER_PAGE + step.first) * CHUNK_BYTES
  const length = Math.min(step.count * CHUNK_BYTES, request.source.sizeBytes - offset)
  const block = await realm.blocks.take(stop)
  try {
    await request.source.read(new Uint8Array(block.raw, 0, length), offset)
    stop.throwIfAborted()
    const printing = prints && { key: prints.key, ...(step.before && { before: partOf(step.before, step) }) }
    return await storeChunks(realm, relies, block, { kind: kind.data, length, printing })
  } finally {
    realm.blocks.give(block)
  }
}

/** Copies, which are small where the page's would go with every message. */
function partOf(before: Required<Printing>['before'], { first, count }: Step): Required<Printing>['before'] {
  return {
    prints: before.prints.slice(first * GMAC_BYTES, (first + count) * GMAC_BYTES),
    hashes: before.hashes.slice(first * HASH_BYTES, (first + count) * HASH_BYTES),
  }
}

/** The page's hash; zeros for a page of zeros, of which a sparse disk may have any number. */
async function storePage({ realm, relies }: Write, hashes: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
  if (Buffer.compare(hashes, new Uint8Array(hashes.length)) === 0) return new Uint8Array(HASH_BYTES)
  const block = { raw: hashes.buffer, sealed: new SharedArrayBuffer(mostSealedBytes(hashes.length)) }
  return (await storeChunks(realm, relies, block, { kind: kind.page, length: hashes.length })).hashes
}

/** Sealed bytes of all it refers to. That each of them lies in a durable pack now is what the manifest promises. */
function fullBytes(realm: Realm, relies: Reliance): number {
  let sum = 0
  for (const id of relies.chunks.values()) {
    if (realm.index.isLost(id))
      throw new Error(`chunk ${realm.index.chunks.nameOf(id).toString('hex')} was lost while it was being relied on`)
    sum += realm.index.chunks.sealedLength(id)
  }
  return sum
}
