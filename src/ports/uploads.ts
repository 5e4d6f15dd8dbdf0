/** Files that clients send piece by piece. Each lies in a folder of its own: an image that names others finds none there. */
export interface Uploads {
  /** Makes the file, of that many zero bytes; durable. Fault `full`, `conflict` (it is there). */
  begin(path: string, sizeBytes: number): Promise<void>
  /** Durable when it resolves. Fault `missing`, `full`, `conflict` (another piece is being written). */
  write(path: string, offset: number, bytes: Uint8Array): Promise<void>
  /** Removes the file and its folder; missing is fine. */
  discard(path: string): Promise<void>
}
