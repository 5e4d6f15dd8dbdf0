/**
 * Where a realm's new chunks go. All writes of a realm share one open pack and one table of what is promised but not
 * durable yet, so that two backups running side by side store what they have in common once; each waits at its end for
 * the packs it relies on. A write that fails leaves its chunks to the others.
 */
import { type GatheredPack, type OpenPack, openPack } from './open-pack.ts'
import type { PackBuffers } from './pack-buffers.ts'

export interface PackWriter {
  /**
   * Runs `claims` at once when there is room for a block in the open pack; waits for a buffer before. Nothing else
   * happens between its look at what is stored or promised and its claims.
   */
  withRoom<T>(room: { readonly rawBytes: number; readonly chunks: number }, claims: (pack: OpenPack) => T): Promise<T>
  /** The pack that will hold the chunk of this id, if one is promised. */
  promised(id: number): OpenPack | undefined
  promise(id: number, pack: OpenPack): void
  /** Closes the open pack, if there is one; its `stored` tells when it is durable. */
  close(): void
  /** Closes the open pack and waits until nothing is promised any more. */
  settle(): Promise<void>
}

export interface PackDestination {
  readonly sealing: Uint8Array
  readonly packBytes: number
  readonly buffers: PackBuffers
  /** Makes a pack durable and enters its rows into the index. */
  readonly put: (pack: GatheredPack) => Promise<void>
}

export function packWriter(destination: PackDestination): PackWriter {
  const promises = new Map<number, OpenPack>()
  const unsettled = new Set<OpenPack>()
  let current: { readonly pack: OpenPack; readonly close: () => void } | undefined

  const close = (): void => {
    const closing = current
    if (closing === undefined) return
    current = undefined
    destination.buffers.closed(closing.close)
    closing.pack.close()
  }

  const begin = (buffer: ArrayBuffer): void => {
    const { sealing, packBytes, put } = destination
    const pack = openPack({ sealing, packBytes, buffer, put, release: () => destination.buffers.give(buffer) })
    unsettled.add(pack)
    void forgetWhenStored(pack)
    const closeThis = () => {
      if (current?.pack === pack) close()
    }
    current = { pack, close: closeThis }
    destination.buffers.opened(closeThis)
  }

  const forgetWhenStored = async (pack: OpenPack): Promise<void> => {
    await pack.stored
    unsettled.delete(pack)
    for (const [id, holder] of promises) if (holder === pack) promises.delete(id)
    if (current?.pack === pack) close()
  }

  return {
    async withRoom(room, claims) {
      for (;;) {
        if (current && !current.pack.hasRoom(room.rawBytes, room.chunks)) close()
        if (current) return claims(current.pack)
        const buffer = await destination.buffers.take()
        if (current) destination.buffers.give(buffer)
        else begin(buffer)
      }
    },
    promised: id => promises.get(id),
    promise: (id, pack) => void promises.set(id, pack),
    close,
    async settle() {
      close()
      await Promise.all([...unsettled].map(pack => pack.stored))
    },
  }
}
