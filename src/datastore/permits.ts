/** A number of things of which each is one holder's at a time; who waits is served in order of asking. */
export interface Permits {
  /** Rejects with the signal's reason when it is aborted while waiting. */
  take(signal?: AbortSignal): Promise<void>
  give(): void
  waiting(): number
}

export function permits(count: number): Permits {
  let free = count
  const queue: (() => void)[] = []
  return {
    async take(signal) {
      signal?.throwIfAborted()
      if (free > 0) {
        free -= 1
        return
      }
      const turn = Promise.withResolvers<void>()
      const enter = () => turn.resolve()
      const leave = () => {
        const at = queue.indexOf(enter)
        if (at >= 0) {
          queue.splice(at, 1)
          turn.reject(signal?.reason)
        }
      }
      queue.push(enter)
      signal?.addEventListener('abort', leave)
      try {
        await turn.promise
      } finally {
        signal?.removeEventListener('abort', leave)
      }
    },
    give() {
      const next = queue.shift()
      if (next) next()
      else free += 1
    },
    waiting: () => queue.length,
  }
}

/** Runs one work at a time, in order of asking. */
export type Mutex = <T>(work: () => Promise<T>) => Promise<T>

export function mutex(): Mutex {
  const turn = permits(1)
  return async work => {
    await turn.take()
    try {
      return await work()
    } finally {
      turn.give()
    }
  }
}
