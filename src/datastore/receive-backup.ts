/**
 * A backup that comes from another realm or another store, in pieces and in any order: what is missing is asked for, what
 * comes is stored, and at the end the manifest is written. Nothing that comes is believed: a chunk is stored under the
 * hash of what it is, and the manifest is written only after every page that it lists was read here and every chunk that
 * these list was found here.
 *
 * Whoever receives keeps collections out as a running write does (CollectRequest.writersDrained). What one upload has
 * found or stored stays good for it even where a collection condemns it meanwhile, since that one waits; this is
 * remembered per process, and where it is not (another process, a restart) the chunk is asked for once more.
 */
import { hash } from 'node:crypto'
import { Fault } from '../ports/fault.ts'
import { inBlocks } from './block-pool.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE, type ChunkKind, HASH_BYTES, kind, NAME_BYTES } from './chunk.ts'
import { viewOf } from './chunk-index.ts'
import type { IncomingChunk, IncomingDisk, WrittenBackup } from './datastore.ts'
import { fetchPage } from './fetch-chunks.ts'
import { type IdSet, idSet } from './id-set.ts'
import { digestOf, encodeManifest, type Manifest, MOST_DISK_BYTES, pageCount } from './manifest.ts'
import { findManifest, pageBytes, pageHash } from './manifest-store.ts'
import type { RealmIndex } from './realm-index.ts'
import type { Realm } from './realms.ts'
import { isZeroHash, makeDurable, type Reliance, reliance, storeChunks } from './store-chunks.ts'
import { unlessCorrupt } from './store-view.ts'

/** What an upload may rely on, as this process knows it; an index that was loaded anew has other ids. */
export interface Remembered {
  readonly index: RealmIndex
  readonly ids: IdSet
}

/** Of the uploads under way; the least recently used ones are forgotten. */
export interface Uploads {
  of(realm: Realm, upload: string): Remembered
  forget(upload: string): void
}

const MOST_REMEMBERED = 64

export function rememberedUploads(): Uploads {
  const known = new Map<string, Remembered>()
  return {
    of(realm, upload) {
      const before = known.get(upload)
      const remembered = before?.index === realm.index ? before : { index: realm.index, ids: idSet() }
      known.delete(upload)
      known.set(upload, remembered)
      const [oldest] = known.keys()
      if (known.size > MOST_REMEMBERED && oldest !== undefined) known.delete(oldest)
      return remembered
    },
    forget: upload => void known.delete(upload),
  }
}

/** A byte per hash, 1 for what has to come. A page is there when everything it lists is. */
export async function missingChunks(
  realm: Realm,
  upload: Remembered,
  offer: { readonly kind: ChunkKind; readonly hashes: Uint8Array },
): Promise<Uint8Array> {
  await realm.index.refresh()
  const ids = await idsOf(realm, offer.kind, offer.hashes)
  const missing = new Uint8Array(ids.length)
  for (const [number, id] of ids.entries()) {
    if (id === undefined) continue
    const chunkHash = offer.hashes.subarray(number * HASH_BYTES, (number + 1) * HASH_BYTES)
    const there =
      isThere(realm, upload, id) && (offer.kind === kind.data || (await isWhole(realm, upload, chunkHash, id)))
    if (there) upload.ids.add(id)
    else missing[number] = 1
  }
  return missing
}

/** Whether the upload may build on the chunk. */
function isThere({ index }: Realm, upload: Remembered, id: number): boolean {
  if (id < 0) return false
  return index.usable(id) || (upload.ids.has(id) && index.packs.state(index.chunks.packOf(id)) === 'condemned')
}

/** Ids of named chunks; -1 for one never seen, undefined for zeros, which are never stored. */
async function idsOf(realm: Realm, of: ChunkKind, hashes: Uint8Array): Promise<readonly (number | undefined)[]> {
  const { names } = await realm.threads.run('name', { naming: realm.naming, kind: of, hashes: hashes.slice() })
  const view = viewOf(names)
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, number) =>
    isZeroHash(hashes, number * HASH_BYTES) ? undefined : realm.index.chunks.find(view, number * NAME_BYTES),
  )
}

async function isWhole(realm: Realm, upload: Remembered, pageHashOf: Uint8Array, id: number): Promise<boolean> {
  const rawLength = realm.index.chunks.place(id)?.rawLength ?? 0
  const hashes = await contentOfPage(realm, pageHashOf, rawLength)
  if (hashes === undefined) return false
  const listed = (await idsOf(realm, kind.data, hashes)).filter(chunk => chunk !== undefined)
  if (!listed.every(chunk => isThere(realm, upload, chunk))) return false
  for (const chunk of listed) upload.ids.add(chunk)
  return true
}

/** A page that is damaged here has to come again. */
function contentOfPage(realm: Realm, hash: Uint8Array, rawLength: number): Promise<Uint8Array | undefined> {
  return unlessCorrupt(fetchPage(realm, { hash }, rawLength), () => undefined)
}

/** Durable and indexed when it resolves. Fault `corrupt` for content that is not what its hash says. */
export async function storeIncoming(realm: Realm, upload: Remembered, chunks: readonly IncomingChunk[]): Promise<void> {
  for (const chunk of chunks) checkChunk(chunk)
  const failed = new AbortController()
  const relies = reliance(error => failed.abort(error))
  const isWhole = (chunk: IncomingChunk) => chunk.kind === kind.data && chunk.content.length === CHUNK_BYTES
  for (const block of inBlocks(chunks, isWhole)) {
    failed.signal.throwIfAborted()
    await storeBlock(realm, relies, block)
  }
  await makeDurable(realm, relies)
  for (const id of relies.chunks.values()) upload.ids.add(id)
}

/** Before anything of the call is stored. Workers hash again when they store; this costs little beside the network. */
function checkChunk(chunk: IncomingChunk): void {
  const { content } = chunk
  const most = chunk.kind === kind.data ? CHUNK_BYTES : CHUNKS_PER_PAGE * HASH_BYTES
  const fits =
    content.length > 0 && content.length <= most && (chunk.kind === kind.data || content.length % HASH_BYTES === 0)
  if (!fits || !hash('sha256', content, 'buffer').equals(chunk.hash))
    throw new Fault('corrupt', 'a chunk that came is not what its hash says')
}

async function storeBlock(realm: Realm, relies: Reliance, chunks: readonly IncomingChunk[]): Promise<void> {
  const block = await realm.blocks.take()
  try {
    const raw = new Uint8Array(block.raw)
    for (const [number, { content }] of chunks.entries()) raw.set(content, number * CHUNK_BYTES)
    const length = chunks.reduce((sum, { content }) => sum + content.length, 0)
    await storeChunks(realm, relies, block, { kind: chunks[0]?.kind ?? kind.data, length })
  } finally {
    realm.blocks.give(block)
  }
}

/** Writes the manifest; again is fine. Fault `missing` where something is not here, `corrupt` where the sizes disagree. */
export async function putIncoming(
  realm: Realm,
  upload: Remembered,
  disk: IncomingDisk,
  now: () => Date,
): Promise<WrittenBackup> {
  const { id, sizeBytes } = disk
  const pages = Buffer.from(disk.pages)
  if (!(sizeBytes > 0 && sizeBytes <= MOST_DISK_BYTES) || pages.length !== pageCount(sizeBytes) * HASH_BYTES)
    throw new Fault('corrupt', `the list of pages that came is not one of a disk of ${sizeBytes} bytes`)
  await realm.index.refresh()
  const whole = { sizeBytes, createdAt: now(), dataBytes: 0, storedBytes: 0, fullBytes: 0, pages }
  const before = await findManifest(realm, id)
  const relies = reliance(() => undefined)
  for (let page = 0; page < pageCount(sizeBytes); page++) await takePage(realm, upload, { relies, whole, page })
  await makeDurable(realm, relies)
  let fullBytes = 0
  for (const chunk of relies.chunks.values()) fullBytes += realm.index.chunks.sealedLength(chunk)
  const manifest = { ...whole, dataBytes: relies.dataBytes, fullBytes }
  const digest = digestOf(manifest)
  if (before === undefined || digestOf(before) !== digest)
    await realm.objectStore.put(realm.keys.manifest(id), encodeManifest(realm.sealing, id, manifest))
  return { digest, sizeBytes, dataBytes: relies.dataBytes, storedBytes: 0, fullBytes }
}

interface Taking {
  readonly relies: Reliance
  readonly whole: Manifest
  readonly page: number
}

/** Reads the page here and finds all it lists, each of the length that its place in the disk asks for. */
async function takePage(realm: Realm, upload: Remembered, { relies, whole, page }: Taking): Promise<void> {
  const hash = pageHash(whole, page)
  if (isZeroHash(hash, 0)) return
  const length = pageBytes(whole, page)
  const [pageId = -1] = await idsOf(realm, kind.page, hash)
  checkPlace(realm, upload, pageId, length)
  const hashes = await contentOfPage(realm, hash, length)
  if (hashes === undefined) throw notHere()
  relies.chunks.add(pageId)
  for (const [number, id] of (await idsOf(realm, kind.data, hashes)).entries()) {
    if (id === undefined) continue
    const offset = (page * CHUNKS_PER_PAGE + number) * CHUNK_BYTES
    const rawLength = Math.min(CHUNK_BYTES, whole.sizeBytes - offset)
    checkPlace(realm, upload, id, rawLength)
    relies.dataBytes += rawLength
    relies.chunks.add(id)
  }
}

const notHere = (): Fault => new Fault('missing', 'not everything that the list of pages leads to has come')

function checkPlace(realm: Realm, upload: Remembered, id: number, rawLength: number): void {
  if (!isThere(realm, upload, id)) throw notHere()
  if (realm.index.chunks.place(id)?.rawLength !== rawLength)
    throw new Fault('corrupt', 'a chunk that the list of pages leads to has another length')
}
