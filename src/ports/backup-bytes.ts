import type { Extent } from './disks.ts'

/** A disk backup that is open for reading. */
export interface OpenBackup {
  readonly sizeBytes: number
  /** Any range within the disk, decrypted and verified. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Without gaps from `from` to `to`; cheap for a small part of a large disk. */
  extents(from: number, to: number): AsyncIterable<Extent>
}

/** The bytes of a backup for who may have them: image downloads, exports. Built on the datastore by compose.ts. */
export interface BackupBytes {
  /** Cheap, whatever the size. Fault `missing`, `corrupt`. */
  open(holder: { readonly projectId: string; readonly backupId: string }): Promise<OpenBackup>
  /** Bytes `from` (inclusive) to `to` (exclusive) of the disk, decrypted and verified, in order. */
  stream(
    holder: { readonly projectId: string; readonly backupId: string },
    from: number,
    to: number,
  ): AsyncIterable<Uint8Array>
}
