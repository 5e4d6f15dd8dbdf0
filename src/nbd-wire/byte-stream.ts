import type { Readable } from 'node:stream'

/** The other side has closed, or the connection broke, before all that was asked for had arrived. */
export class ConnectionEnded extends Error {
  constructor(cause?: unknown) {
    super('the connection ended', { cause })
    this.name = 'ConnectionEnded'
  }
}

/** Bytes of a socket by count, for one reader at a time. What nobody asks for stays in the socket: the sender waits. */
export interface ByteStream {
  take(length: number): Promise<Buffer>
  /** Fills `into`, copying each byte once. */
  fill(into: Uint8Array): Promise<void>
  skip(length: number): Promise<void>
  /** Whether bytes have arrived that nobody has taken. */
  hasMore(): boolean
  /** Leaves the socket to another reader. */
  detach(): void
}

export function byteStream(socket: Readable): ByteStream {
  let rest: Uint8Array = Buffer.alloc(0)
  let wake: (() => void) | undefined
  const arrived = () => wake?.()
  const events = ['readable', 'end', 'close', 'error'] as const
  for (const event of events) socket.on(event, arrived)

  /** At most `most` bytes, at least one. */
  async function some(most: number): Promise<Uint8Array> {
    while (rest.length === 0) {
      const read: unknown = socket.read()
      if (read instanceof Uint8Array) rest = read
      else if (socket.readableEnded || socket.destroyed) throw new ConnectionEnded(socket.errored)
      else
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
    const taken = rest.subarray(0, most)
    rest = rest.subarray(taken.length)
    return taken
  }

  async function fill(into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const bytes = await some(into.length - done)
      into.set(bytes, done)
      done += bytes.length
    }
  }

  return {
    fill,
    async take(length) {
      const bytes = Buffer.allocUnsafe(length)
      await fill(bytes)
      return bytes
    },
    async skip(length) {
      for (let left = length; left > 0; ) left -= (await some(left)).length
    },
    hasMore: () => rest.length > 0 || socket.readableLength > 0,
    detach() {
      for (const event of events) socket.off(event, arrived)
    },
  }
}
