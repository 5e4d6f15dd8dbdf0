/**
 * The buffers in which packs are gathered, a few for the whole process. One is held from a pack's first chunk until the
 * pack is durable, so a slow store slows the readers. When packs that wait for more chunks hold them all, the oldest of
 * these is stored as it is: no realm waits for another's slow source.
 */
import { permits } from './permits.ts'

export interface PackBuffers {
  /** Bytes of one. */
  readonly bytes: number
  take(): Promise<ArrayBuffer>
  give(buffer: ArrayBuffer): void
  /** The holder waits for more chunks; `close` makes it stop that. */
  opened(close: () => void): void
  /** It waits no longer. */
  closed(close: () => void): void
}

export function packBuffers(count: number, bytes: number): PackBuffers {
  const turn = permits(count)
  const open = new Set<() => void>()
  const idle: ArrayBuffer[] = []
  let held = 0
  return {
    bytes,
    async take() {
      const [oldest] = open
      if (open.size >= count) oldest?.()
      await turn.take()
      held += 1
      return idle.pop() ?? new ArrayBuffer(bytes)
    },
    give(buffer) {
      held -= 1
      idle.push(buffer)
      if (held === 0 && turn.waiting() === 0) idle.length = 0 // an idle service keeps none of this memory
      turn.give()
    },
    opened: close => void open.add(close),
    closed: close => void open.delete(close),
  }
}
