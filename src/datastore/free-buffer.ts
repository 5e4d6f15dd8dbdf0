/**
 * Gives a buffer's memory back now; nobody may hold it any more. The collector lets some 64 MiB of such buffers gather in
 * each thread, and the next one then lies in cold memory: freeing at once saves both (a fifth of the time of sealing).
 * Small buffers are left alone, since Node cuts those out of one it shares.
 */
export function freeBuffer(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
