/**
 * Whether a target gives back what it was given. Each write is fingerprinted by a GMAC under a key of the moment, that and
 * its offset by SHA-256 (sums of GMACs alone would not tell two writes that changed places), and the fingerprints of each
 * 256 MiB are added up. Adding the same again takes it away, so that all sums are zero after everything has been read back
 * unchanged. Many times as fast as hashing the content again, and as sure: nobody knows the key.
 */
import { hash, randomBytes } from 'node:crypto'
import { CHUNK_BYTES, CHUNKS_PER_PAGE } from './chunk.ts'
import { GMAC_BYTES, gmac } from './gmac.ts'

const PART_BYTES = CHUNK_BYTES * CHUNKS_PER_PAGE

export interface Fingerprints {
  /** Adds or takes away; the same content at the same offset both times. Must not cross a multiple of 256 MiB. */
  toggle(offset: number, content: Uint8Array): void
  /** Where a part of 256 MiB begins that has not been toggled back; undefined when all have. */
  firstDifference(): number | undefined
}

export function fingerprints(sizeBytes: number): Fingerprints {
  const key = randomBytes(32)
  const sums = Buffer.alloc(Math.ceil(sizeBytes / PART_BYTES) * GMAC_BYTES)
  return {
    toggle(offset, content) {
      const placed = Buffer.alloc(GMAC_BYTES + 8)
      gmac(key, content).copy(placed)
      placed.writeBigUInt64BE(BigInt(offset), GMAC_BYTES)
      const print = hash('sha256', placed, 'buffer').subarray(0, GMAC_BYTES)
      const start = Math.floor(offset / PART_BYTES) * GMAC_BYTES
      for (const [at, byte] of print.entries()) sums[start + at] = (sums[start + at] ?? 0) ^ byte
    },
    firstDifference() {
      const at = sums.findIndex(byte => byte !== 0)
      return at < 0 ? undefined : Math.floor(at / GMAC_BYTES) * PART_BYTES
    },
  }
}
