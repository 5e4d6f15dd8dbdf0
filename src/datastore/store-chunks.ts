/** Chunks into a realm: hashed in a worker, looked up here, and what is new sealed in a worker and given to the pack. */
import type { Block } from './block-pool.ts'
import { CHUNK_BYTES, type ChunkIdentity, type ChunkKind, HASH_BYTES, kind, NAME_BYTES } from './chunk.ts'
import { type IdSet, idSet } from './id-set.ts'
import type { OpenPack } from './open-pack.ts'
import type { Realm } from './realms.ts'
import type { Hashed, Printing } from './thread-jobs.ts'

/** What one write relies on and has added. */
export interface Reliance {
  /** Ids of all chunks it refers to. */
  readonly chunks: IdSet
  /** Packs that must become durable before it may end well. */
  readonly packs: Set<OpenPack>
  storedBytes: number
  dataBytes: number
  /** Told as soon as one of those packs is known to be lost. */
  readonly lost: (error: unknown) => void
}

export function reliance(lost: (error: unknown) => void): Reliance {
  return { chunks: idSet(), packs: new Set(), storedBytes: 0, dataBytes: 0, lost }
}

/** Resolves when all packs it relies on are durable; rejects with why one never will be. */
export async function packsDurable(realm: Realm, relies: Reliance): Promise<void> {
  if (relies.packs.size > 0) realm.writer.close()
  for (const pack of [...relies.packs]) {
    const outcome = await pack.stored
    if ('error' in outcome) throw outcome.error
  }
}

/** As `packsDurable`, and all that it refers to is in durable segments: a manifest may follow. */
export async function makeDurable(realm: Realm, relies: Reliance): Promise<void> {
  await packsDurable(realm, relies)
  const packs = new Set<number>()
  for (const id of relies.chunks.values()) packs.add(realm.index.chunks.packOf(id))
  await realm.index.commit(packs)
}

interface NewChunk extends Omit<ChunkIdentity, 'codec'> {
  readonly id: number
  readonly at: number
}

/** What the chunks are, as `Hashed` has it. */
export type Stored = Pick<Hashed, 'hashes' | 'prints'>

/** Stores what the realm has not got of the first `length` bytes in the block. */
export async function storeChunks(
  realm: Realm,
  writing: Reliance,
  block: Block,
  of: { readonly kind: ChunkKind; readonly length: number; readonly printing?: Printing | undefined },
): Promise<Stored> {
  const printing = of.printing && { printing: of.printing }
  const job = { naming: realm.naming, kind: of.kind, raw: block.raw, length: of.length, ...printing }
  const { hashes, names, prints } = await realm.threads.run('hash', job)
  const wanted = wantedChunks(realm, { names, hashes }, of)
  if (of.kind === kind.data) writing.dataBytes += wanted.reduce((sum, chunk) => sum + chunk.rawLength, 0)
  for (const { id } of wanted) writing.chunks.add(id)
  if (wanted.every(({ id }) => realm.index.usable(id))) return { hashes, prints }

  const room = { rawBytes: of.length, chunks: wanted.length }
  const claimed = await realm.writer.withRoom(room, pack => ({ pack, chunks: claim(realm, writing, pack, wanted) }))
  if (claimed.chunks.length > 0) await sealInto(realm, writing, claimed, block)
  return { hashes, prints }
}

function wantedChunks(
  realm: Realm,
  hashed: { readonly names: Uint8Array<ArrayBuffer>; readonly hashes: Uint8Array },
  of: { readonly kind: ChunkKind; readonly length: number },
): readonly Omit<NewChunk, 'ordinal'>[] {
  const view = new DataView(hashed.names.buffer)
  const wanted: Omit<NewChunk, 'ordinal'>[] = []
  for (let chunk = 0; chunk * NAME_BYTES < hashed.names.length; chunk++) {
    if (isZeroHash(hashed.hashes, chunk * HASH_BYTES)) continue
    const at = chunk * CHUNK_BYTES
    wanted.push({
      id: realm.index.chunks.idOf(view, chunk * NAME_BYTES),
      name: hashed.names.subarray(chunk * NAME_BYTES, (chunk + 1) * NAME_BYTES),
      kind: of.kind,
      at,
      rawLength: Math.min(CHUNK_BYTES, of.length - at),
    })
  }
  return wanted
}

export function isZeroHash(hashes: Uint8Array, at: number): boolean {
  for (let byte = at; byte < at + HASH_BYTES; byte++) if (hashes[byte] !== 0) return false
  return true
}

/** Runs without a pause between looking and claiming: no chunk is claimed twice. */
function claim(
  realm: Realm,
  writing: Reliance,
  pack: OpenPack,
  wanted: readonly Omit<NewChunk, 'ordinal'>[],
): readonly NewChunk[] {
  const claimed: NewChunk[] = []
  for (const chunk of wanted) {
    if (realm.index.usable(chunk.id)) continue
    const promised = realm.writer.promised(chunk.id)
    rely(writing, promised ?? pack)
    if (promised) continue
    realm.writer.promise(chunk.id, pack)
    claimed.push({ ...chunk, ordinal: pack.claim(chunk.rawLength) })
  }
  return claimed
}

function rely(writing: Reliance, pack: OpenPack): void {
  if (writing.packs.has(pack)) return
  writing.packs.add(pack)
  void pack.stored.then(outcome => {
    if ('error' in outcome) writing.lost(outcome.error)
    else writing.packs.delete(pack)
  })
}

async function sealInto(
  realm: Realm,
  writing: Reliance,
  claimed: { readonly pack: OpenPack; readonly chunks: readonly NewChunk[] },
  { raw, sealed }: Block,
): Promise<void> {
  const { pack, chunks } = claimed
  try {
    const done = await realm.threads.run('seal', { sealing: realm.sealing, pack: pack.id, raw, sealed, chunks })
    let at = 0
    for (const [number, chunk] of chunks.entries()) {
      const { sealedLength, codec } = done.chunks[number] ?? { sealedLength: 0, codec: 0 }
      pack.append({ ...chunk, codec }, Buffer.from(sealed, at, sealedLength))
      at += sealedLength
    }
    writing.storedBytes += at
  } catch (error) {
    for (const chunk of chunks) pack.abandon(chunk.rawLength, error)
    throw error
  }
}
