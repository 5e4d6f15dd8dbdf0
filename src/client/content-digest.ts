/**
 * The digest of a disk, computed from its bytes as docs/format.md, section 5, has it. It is written from the document and
 * shares nothing with the code that writes backups: what the service says about a backup is checked here, not repeated.
 */
import { createHash, hash } from 'node:crypto'

export const CHUNK_BYTES = 262_144
const CHUNKS_PER_PAGE = 1024
const HASH_BYTES = 32
const ZEROS = Buffer.alloc(CHUNK_BYTES)

export interface DiskBytes {
  readonly sizeBytes: number
  /** Fills `into`; false, and `into` as it was, where the disk is known to have nothing but zeros there. */
  read(into: Buffer, offset: number): Promise<boolean>
}

export const isZero = (bytes: Uint8Array): boolean => ZEROS.subarray(0, bytes.length).equals(bytes)

/** 64 hex digits. `tell` hears how many bytes have been looked at. */
export async function contentDigest(disk: DiskBytes, tell: (bytes: number) => void): Promise<string> {
  const { sizeBytes } = disk
  const head = Buffer.alloc(32)
  head.write('opencbr/1/digest', 'latin1')
  head.writeBigUInt64BE(BigInt(sizeBytes), 16)
  head.writeUInt32BE(CHUNK_BYTES, 24)
  head.writeUInt32BE(CHUNKS_PER_PAGE, 28)
  const digest = createHash('sha256').update(head)
  const buffer = Buffer.alloc(CHUNK_BYTES)
  for (let begin = 0; begin < sizeBytes; begin += CHUNKS_PER_PAGE * CHUNK_BYTES) {
    const end = Math.min(begin + CHUNKS_PER_PAGE * CHUNK_BYTES, sizeBytes)
    const page = Buffer.alloc(Math.ceil((end - begin) / CHUNK_BYTES) * HASH_BYTES)
    for (let at = begin, listed = 0; at < end; at += CHUNK_BYTES, listed += HASH_BYTES) {
      const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, end - at))
      if ((await disk.read(chunk, at)) && !isZero(chunk)) hash('sha256', chunk, 'buffer').copy(page, listed)
      tell(at + chunk.length)
    }
    digest.update(isZero(page) ? page.subarray(0, HASH_BYTES) : hash('sha256', page, 'buffer'))
  }
  return digest.digest('hex')
}
