/**
 * The buffers that bytes pass through: a block is four chunks read or to be written, with room for them sealed. Their
 * number is the bound on what is in flight, over all backups and restores of the process.
 */
import { CHUNK_BYTES, mostSealedBytes } from './chunk.ts'
import { permits } from './permits.ts'

export const CHUNKS_PER_BLOCK = 4
export const BLOCK_BYTES = CHUNKS_PER_BLOCK * CHUNK_BYTES
export const SEALED_BLOCK_BYTES = CHUNKS_PER_BLOCK * mostSealedBytes(CHUNK_BYTES)

/** Its buffers are replaced as they come back from a thread. */
export interface Block {
  raw: ArrayBuffer
  sealed: ArrayBuffer
}

export interface BlockPool {
  readonly count: number
  take(signal?: AbortSignal): Promise<Block>
  /** One that was lost with a thread is replaced. */
  give(block: Block): void
}

export function blockPool(count: number): BlockPool {
  const turn = permits(count)
  const idle: Block[] = []
  return {
    count,
    async take(signal) {
      await turn.take(signal)
      return idle.pop() ?? { raw: new ArrayBuffer(BLOCK_BYTES), sealed: new ArrayBuffer(SEALED_BLOCK_BYTES) }
    },
    give(block) {
      if (block.raw.byteLength === BLOCK_BYTES && block.sealed.byteLength === SEALED_BLOCK_BYTES) idle.push(block)
      turn.give()
    },
  }
}
