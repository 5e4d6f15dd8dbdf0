/** Blocks of backups that clients have read lately, over all sessions: a file system reads 4 KiB here and there of one block. */
export interface BlockCache {
  /** The block of that name, loaded once for all who ask meanwhile. */
  get(name: string, load: () => Promise<Uint8Array>): Promise<Uint8Array>
}

export function blockCache(most: number): BlockCache {
  const blocks = new Map<string, Promise<Uint8Array>>()
  return {
    get(name, load) {
      const block = blocks.get(name) ?? load()
      blocks.delete(name) // the map's order is that of last use
      blocks.set(name, block)
      block.catch(() => blocks.get(name) === block && blocks.delete(name))
      for (const oldest of blocks.keys()) {
        if (blocks.size <= most) break
        blocks.delete(oldest)
      }
      return block
    },
  }
}
