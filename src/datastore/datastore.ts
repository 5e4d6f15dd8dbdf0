/**
 * The bytes. This is all the rest of the house sees of them; it never hears of a project, token or vault: a *realm* is
 * the space within which chunks are deduplicated and keys are shared, and a *manifest* describes one disk's content.
 *
 * Order of durability of a write: packs, then the index segment, then the manifest; only then does `write` resolve, and
 * only then may a row call the backup available. A crash before that leaves objects that `collect` removes.
 */
import type { DiskReader, DiskWriter, Extent } from '../ports/disks.ts'

export interface Datastore {
  /** Backs up a whole disk. Rejects with a Fault and leaves only garbage behind; `signal` stops it between extents. */
  write(request: WriteRequest): Promise<WrittenBackup>
  /** Opens a backup for reading: Fault `missing`, `corrupt`. Cheap, whatever the size. */
  open(ref: ManifestRef): Promise<BackupReader>
  /** Writes a backup into a target at least as large, zeros behind its end, verifies, flushes. */
  restore(ref: ManifestRef, target: DiskWriter, options: Progress): Promise<RestoredBackup>
  /** Forgets the manifest, durably. Its chunks are the collector's. Missing is fine. */
  removeManifest(ref: ManifestRef): Promise<void>
  /**
   * Sealed bytes that only this manifest refers to, compared with its neighbours of the same chain (the next older and
   * the next newer one): what deleting it will free. Called before `removeManifest`.
   */
  heldAlone(ref: ManifestRef, neighbours: readonly ManifestRef[]): Promise<number>
  /** Mark and sweep over one realm; concurrent with writes and reads of any process. */
  collect(request: CollectRequest): Promise<Collected>
  /** Reads every chunk of a backup back and checks it. Problems are listed, not thrown. */
  verify(ref: ManifestRef, options: Progress): Promise<Verified>
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
  /** Merkle root over the chunks' names, 64 hex digits. */
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

export interface CollectRequest {
  readonly realm: string
  /** The manifests that must stay: of every backup row and every running write. Asked again before anything goes. */
  readonly live: () => Promise<readonly string[]>
  /**
   * Resolves when every write that was running at the time of the call has ended. The collector condemns packs first
   * (new writes no longer build on them), waits for this, marks again, and deletes what is still unreferenced.
   */
  readonly writersDrained: () => Promise<void>
  readonly signal?: AbortSignal
}

export interface Collected {
  readonly removedPacks: number
  readonly removedManifests: number
  readonly freedBytes: number
  readonly keptBytes: number
}

export interface Verified {
  readonly checkedChunks: number
  readonly problems: readonly { readonly chunk: string; readonly pack: string; readonly what: string }[]
}
