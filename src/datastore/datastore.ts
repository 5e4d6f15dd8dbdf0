/**
 * The bytes. This is all the rest of the house sees of them; it never hears of a project, token or vault: a *realm* is
 * the space within which chunks are deduplicated and keys are shared, and a *manifest* describes one disk's content.
 *
 * Order of durability of a write: packs, then the index segment, then the manifest; only then does `write` resolve, and
 * only then may a row call the backup available. A crash before that leaves objects that `collect` removes.
 */
import type { DiskReader, DiskWriter, Extent } from '../ports/disks.ts'

export interface Datastore {
  /**
   * Backs up a whole disk. Rejects with a Fault and leaves only garbage behind; `signal` stops it between blocks. Fault
   * `conflict`, which may pass, when there is a manifest of that id: none is ever replaced, only removed.
   */
  write(request: WriteRequest): Promise<WrittenBackup>
  /** Opens a backup for reading: Fault `missing`, `corrupt`. Cheap, whatever the size. */
  open(ref: ManifestRef): Promise<BackupReader>
  /** Writes a backup into a target at least as large, zeros behind its end, verifies, flushes. */
  restore(ref: ManifestRef, target: DiskWriter, options: Progress): Promise<RestoredBackup>
  /** Forgets the manifest, durably. Its chunks are the collector's. Missing is fine; Fault `denied` while it is held. */
  removeManifest(ref: ManifestRef): Promise<void>
  /**
   * Keeps the manifest and all it refers to until then, for ever without a date: `removeManifest`, `write` under its id
   * and collections refuse to touch it, and so does the store itself where it can (ObjectStore.retention). Durable when it
   * resolves. Never shortens; a later end may be given at any time.
   */
  hold(ref: ManifestRef, until: Date | undefined): Promise<void>
  /**
   * Sealed bytes that only this manifest refers to, compared with its neighbours of the same chain (the next older and
   * the next newer one): what deleting it will free. Called before `removeManifest`.
   */
  heldAlone(ref: ManifestRef, neighbours: readonly ManifestRef[]): Promise<number>
  /** Mark and sweep over one realm; concurrent with writes and reads of any process. */
  collect(request: CollectRequest): Promise<Collected>
  /**
   * Checks a backup: its manifest (Fault `missing`, `corrupt`), its pages, that every chunk is in the index and in a pack
   * that exists, and, of the chunks, as many as are asked for by reading them back. Problems are listed, not thrown, and
   * written down: no later backup builds on what was found damaged.
   */
  verify(ref: ManifestRef, options: VerifyOptions): Promise<Verified>
  /**
   * Checks all that a realm has stored: manifests and their pages, index segments, the table of every pack, and, where
   * asked, every chunk. Concurrent with everything else. Problems are listed, and written down as `verify` does.
   */
  check(request: CheckRequest): Promise<Checked>
  /**
   * Brings a realm's index in line with its packs: segments that are lost or damaged are made anew of the packs' tables,
   * rows of packs that are gone are dropped, what was thought damaged and reads well again is trusted again. Nothing else
   * may write meanwhile.
   */
  repair(realm: string): Promise<Repaired>
  /** Opens a backup to be handed to another realm: Fault `missing`, `corrupt`. */
  outgoing(ref: ManifestRef): Promise<OutgoingBackup>
  /** Takes a backup in that comes in pieces (receive-backup.ts). */
  readonly incoming: Incoming
  /** Names of all realms in the store. */
  realms(): Promise<readonly string[]>
  /** Ends the worker threads. */
  close(): Promise<void>
}

export interface ManifestRef {
  readonly realm: string
  /** The manifest's id: the id of the backup that holds the bytes. */
  readonly id: string
}

export interface Progress {
  readonly signal?: AbortSignal
  /** Of the disk's size; called at most a few times a second. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

export interface WriteRequest extends ManifestRef, Progress {
  readonly source: DiskReader
  /** The previous backup of the same disk, for what changed; chunks are shared with the whole realm anyway. */
  readonly base?: ManifestRef
  /** Only these runs can differ from the base (rounded out to chunks by the writer); absent: read all. */
  readonly changed?: readonly Extent[]
}

export interface WrittenBackup {
  /** Merkle root over the content (docs/format.md section 5), 64 hex digits. */
  readonly digest: string
  readonly sizeBytes: number
  /** Of the disk, without holes and zeros. */
  readonly dataBytes: number
  /** Sealed bytes (payload as it lies in packs) that this write added. */
  readonly storedBytes: number
  /** Sealed bytes of all distinct chunks it refers to. */
  readonly fullBytes: number
}

export interface RestoredBackup {
  readonly writtenBytes: number
}

export interface BackupReader {
  readonly sizeBytes: number
  readonly digest: string
  /** Any range within the disk, verified. */
  read(offset: number, length: number): Promise<Buffer>
  /** Without gaps from `from` to `to`, the whole disk unless they are given; cheap for a small part of a large disk. */
  extents(from?: number, to?: number): AsyncIterable<Extent>
}

/** What to hand over, and in which order to ask what is missing: pages first, then what those that are missing list. */
export interface OutgoingBackup {
  readonly sizeBytes: number
  readonly digest: string
  /** A hash per page, zeros for a page of zeros. */
  readonly pages: Uint8Array
  /** A page's content, and the chunks it lists but zeros, in the disk's order. */
  page(number: number): Promise<{ readonly content: Uint8Array; readonly chunks: readonly OutgoingChunk[] }>
  /** Verified, in the order asked for; held in memory all at once. */
  contents(chunks: readonly OutgoingChunk[]): Promise<readonly Uint8Array[]>
}

export interface OutgoingChunk {
  readonly hash: Uint8Array
  readonly length: number
}

/** One upload into a realm: named by who holds collections off while it lasts. */
export interface UploadRef {
  readonly realm: string
  readonly upload: string
}

export interface Incoming {
  /** A byte for each of the hashes (32 bytes each): 1 for what is not here. A page is here when all it lists is. */
  missing(ref: UploadRef, offer: { readonly kind: 0 | 1; readonly hashes: Uint8Array }): Promise<Uint8Array>
  /** Durable and indexed when it resolves. Fault `corrupt` for what is not what its hash says: nothing is stored then. */
  store(ref: UploadRef, chunks: readonly IncomingChunk[]): Promise<void>
  /** Writes the manifest; again is fine. Fault `missing` for what has not come, `corrupt` for sizes that disagree. */
  put(ref: UploadRef, disk: IncomingDisk): Promise<WrittenBackup>
  /** The upload has ended. */
  end(ref: UploadRef): void
}

export interface IncomingChunk {
  /** As `kind` in chunk.ts: 0 data, 1 page. */
  readonly kind: 0 | 1
  readonly hash: Uint8Array
  readonly content: Uint8Array
}

export interface IncomingDisk {
  readonly id: string
  readonly sizeBytes: number
  readonly pages: Uint8Array
}

export interface CollectRequest {
  readonly realm: string
  /** The manifests that must stay: of every backup row and every running write. Asked again before anything goes. */
  readonly live: () => Promise<readonly string[]>
  /**
   * Those whose write may not have ended, so that another manifest may still be put under the same id; none by default.
   * Asked after `live`. All others are read once only.
   */
  readonly unsettled?: () => Promise<readonly string[]>
  /**
   * Resolves when every write that was running at the time of the call has ended. The collector condemns packs first
   * (new writes no longer build on them), waits for this, marks again, and deletes what is still unreferenced.
   */
  readonly writersDrained: () => Promise<void>
  /** What moving chunks out of sparse packs is held to; as fast as it goes by default. */
  readonly bytesPerSecond?: number
  readonly signal?: AbortSignal
}

export interface Collected {
  readonly removedPacks: number
  readonly removedManifests: number
  readonly freedBytes: number
  readonly keptBytes: number
}

export interface VerifyOptions extends Progress {
  /** How much of the chunks is read, picked at random: 0 none, 1 (the default) all. */
  readonly part?: number
  readonly bytesPerSecond?: number
}

/** A chunk that is not what was written, by its name and the pack it lies in; `pack` is empty where it is in none. */
export interface DamagedChunk {
  readonly chunk: string
  readonly pack: string
  readonly what: string
  /** Ids of all manifests of the realm that refer to it. */
  readonly backups: readonly string[]
}

export interface Verified {
  /** Distinct chunks and pages of the backup. */
  readonly chunks: number
  /** Those that were read. */
  readonly checkedChunks: number
  readonly problems: readonly DamagedChunk[]
}

export interface CheckRequest {
  readonly realm: string
  /** Read every chunk back; only what is needed to find them otherwise. */
  readonly read: boolean
  /** Packs up to this id have been checked by an earlier call that was cut short. */
  readonly after?: string
  readonly bytesPerSecond?: number
  readonly signal?: AbortSignal
  /** Called after every pack with its id, for `after`. Waited for. */
  readonly onPack?: (pack: string) => Promise<void>
}

export interface Checked {
  readonly manifests: number
  readonly packs: number
  readonly chunks: number
  /** Of packs that were read. */
  readonly readBytes: number
  readonly damaged: readonly DamagedChunk[]
  /** What is wrong with whole objects: manifests, index segments, packs. */
  readonly problems: readonly DamagedObject[]
}

export interface DamagedObject {
  readonly object: 'manifest' | 'index segment' | 'pack'
  readonly id: string
  readonly what: string
  /** Ids of the manifests it touches; an index segment that packs make up for touches none. */
  readonly backups: readonly string[]
}

export interface Repaired {
  /** Chunks that were found again in their packs' own tables. */
  readonly reindexedChunks: number
  /** Index segments that were replaced or removed. */
  readonly replacedSegments: number
  /** Places that were noted as damaged and read well now, or are gone. */
  readonly mendedPlaces: number
  /** Places that are still damaged. */
  readonly damagedPlaces: number
}
