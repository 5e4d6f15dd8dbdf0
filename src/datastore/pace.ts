import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Holds background work to so many bytes a second: resolves when these may be moved; rejects with the signal's reason
 * when it is aborted meanwhile.
 */
export type Pace = (bytes: number, signal?: AbortSignal) => Promise<void>

/** What may be caught up on at once after a pause, in seconds of the rate. */
const MOST_BEHIND = 0.25

/** Without a number, or with Infinity: as fast as it goes. */
export function paceOf(bytesPerSecond = Number.POSITIVE_INFINITY): Pace {
  let next = Number.NEGATIVE_INFINITY
  return async (bytes, signal) => {
    signal?.throwIfAborted()
    if (!Number.isFinite(bytesPerSecond)) return
    const now = performance.now()
    const begin = Math.max(next, now - MOST_BEHIND * 1000)
    next = begin + (bytes / bytesPerSecond) * 1000
    if (begin <= now) return
    try {
      await sleep(begin - now, undefined, signal ? { signal } : {})
    } catch (error) {
      signal?.throwIfAborted() // with its own reason
      throw error
    }
  }
}
