/**
 * One pack while it is gathered: chunks are claimed first (which gives each its ordinal), sealed by a worker, and
 * appended in whatever order they come. Closed, it takes no more claims; when its last claim has been appended it is put.
 * A pack with a claim that came to nothing is never put: other backups may rely on all it promised.
 */
import { randomBytes } from 'node:crypto'
import { type ChunkIdentity, mostSealedBytes } from './chunk.ts'
import { MOST_CHUNKS_OF_PACK, ROW_BYTES, writeRow } from './chunk-row.ts'
import { HEADER_BYTES, ID_BYTES } from './object-header.ts'
import { encodePackEnd, packKey } from './pack.ts'

export interface OpenPack {
  readonly id: Buffer
  /** Resolves when it is durable and indexed, or with why it never will be. */
  readonly stored: Promise<PackOutcome>
  hasRoom(rawBytes: number, chunks: number): boolean
  /** Promises a chunk; the ordinal it is to be sealed with. */
  claim(rawLength: number): number
  append(chunk: ChunkIdentity, sealed: Buffer): void
  /** Gives up a claimed chunk, and with it the pack. Every claim ends in this or in `append`. */
  abandon(rawLength: number, error: unknown): void
  close(): void
}

export interface PackOutcome {
  readonly error?: unknown
}

export interface GatheredPack {
  readonly id: string
  readonly parts: readonly Uint8Array[]
  readonly bytes: number
  readonly rows: Buffer
}

export interface PackHolder {
  readonly sealing: Uint8Array
  readonly packBytes: number
  readonly buffer: ArrayBuffer
  /** Makes it durable and indexes it. Called at most once; never for a pack without chunks. */
  readonly put: (pack: GatheredPack) => Promise<void>
  /** Called once, whatever became of it, before `stored` resolves. */
  readonly release: () => void
}

export function openPack(holder: PackHolder): OpenPack {
  const id = randomBytes(ID_BYTES)
  const pack = packKey(holder.sealing, id)
  const bytes = Buffer.from(holder.buffer)
  const rows: Buffer[] = []
  const stored = Promise.withResolvers<PackOutcome>()
  let end = HEADER_BYTES
  let claims = 0
  let claimedBytes = 0
  let closed = false
  let failure: PackOutcome | undefined
  bytes.set(pack.header)

  const settle = async (): Promise<void> => {
    let outcome = failure ?? {}
    try {
      if (failure === undefined && rows.length > 0) {
        const table = Buffer.concat(rows)
        const parts = [bytes.subarray(0, end), ...encodePackEnd(pack, table, end)]
        const size = parts.reduce((sum, part) => sum + part.length, 0)
        await holder.put({ id: id.toString('hex'), parts, bytes: size, rows: table })
      }
    } catch (error) {
      outcome = { error }
    }
    holder.release()
    stored.resolve(outcome)
  }
  const settleWhenComplete = (): void => {
    if (closed && claimedBytes === 0) void settle()
  }
  const unclaim = (rawLength: number): void => {
    claimedBytes -= mostSealedBytes(rawLength)
    settleWhenComplete()
  }

  return {
    id,
    stored: stored.promise,
    hasRoom: (rawBytes, chunks) =>
      !closed &&
      end < holder.packBytes &&
      claims + chunks <= MOST_CHUNKS_OF_PACK &&
      end + claimedBytes + rawBytes + chunks * mostSealedBytes(0) <= bytes.length,
    claim(rawLength) {
      claimedBytes += mostSealedBytes(rawLength)
      return claims++
    },
    append(chunk, sealed) {
      const row = Buffer.alloc(ROW_BYTES)
      writeRow(row, 0, chunk.name, { ...chunk, pack: 0, offset: end, sealedLength: sealed.length })
      rows.push(row)
      sealed.copy(bytes, end)
      end += sealed.length
      unclaim(chunk.rawLength)
    },
    abandon(rawLength, error) {
      failure ??= { error }
      closed = true
      unclaim(rawLength)
    },
    close() {
      if (closed) return
      closed = true
      settleWhenComplete()
    },
  }
}
