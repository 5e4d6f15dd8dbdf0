/**
 * The buffers that bytes pass through: a block is four chunks read or to be written, with room for them sealed. Their
 * number is the bound on what is in flight, over all backups and restores of the process.
 */
import { CHUNK_BYTES, mostSealedBytes } from './chunk.ts'
import { permits } from './permits.ts'

export const CHUNKS_PER_BLOCK = 4
export const BLOCK_BYTES = CHUNKS_PER_BLOCK * CHUNK_BYTES
export const SEALED_BLOCK_BYTES = CHUNKS_PER_BLOCK * mostSealedBytes(CHUNK_BYTES)

/**
 * Shared memory: threads work in it where it lies. Handed over instead, each would count a block as new memory whenever it
 * comes by, and collect garbage that is none.
 */
export interface Block {
  readonly raw: SharedArrayBuffer
  readonly sealed: SharedArrayBuffer
}

export interface BlockPool {
  readonly count: number
  take(signal?: AbortSignal): Promise<Block>
  give(block: Block): void
}

export function blockPool(count: number): BlockPool {
  const turn = permits(count)
  const idle: Block[] = []
  return {
    count,
    async take(signal) {
      await turn.take(signal)
      return (
        idle.pop() ?? { raw: new SharedArrayBuffer(BLOCK_BYTES), sealed: new SharedArrayBuffer(SEALED_BLOCK_BYTES) }
      )
    },
    give(block) {
      idle.push(block)
      turn.give()
    },
  }
}

/** Whole data chunks by the block, all others alone. */
export function* inBlocks<T>(chunks: Iterable<T>, isWhole: (chunk: T) => boolean): Generator<readonly T[]> {
  let whole: T[] = []
  for (const chunk of chunks) {
    if (!isWhole(chunk)) yield [chunk]
    else if (whole.push(chunk) === CHUNKS_PER_BLOCK) {
      yield whole
      whole = []
    }
  }
  if (whole.length > 0) yield whole
}
