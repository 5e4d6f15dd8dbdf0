/** The bytes of a backup for who may have them: what an image download streams. Built on the datastore by compose.ts. */
export interface BackupBytes {
  /** Bytes `from` (inclusive) to `to` (exclusive) of the disk, decrypted and verified, in order. */
  stream(
    holder: { readonly projectId: string; readonly backupId: string },
    from: number,
    to: number,
  ): AsyncIterable<Uint8Array>
}
