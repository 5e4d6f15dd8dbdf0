/**
 * Slows guessing down. After `free` failures the next attempt has to wait, first for a second, then twice as long after
 * each further failure, up to `longestMs`; an attempt that comes earlier is refused unexamined and does not count.
 * Whoever fails no more for a quarter of an hour past the wait starts afresh. Kept in memory: a restart forgets it.
 */
export interface SlowDown {
  mustWait(who: string, now: number): boolean
  failed(who: string, now: number): void
  succeeded(who: string): void
}

interface Failures {
  readonly count: number
  readonly blockedUntil: number
}

const forgetAfterMs = 15 * 60_000
/** Of whom failures are remembered at most; the ones longest quiet are forgotten first. */
const mostRemembered = 20_000

export function openSlowDown({ free, longestMs }: { readonly free: number; readonly longestMs: number }): SlowDown {
  /** In order of the last failure. */
  const remembered = new Map<string, Failures>()
  const failuresOf = (who: string, now: number): Failures | undefined => {
    const found = remembered.get(who)
    return found && now < found.blockedUntil + forgetAfterMs ? found : undefined
  }
  return {
    mustWait: (who, now) => now < (failuresOf(who, now)?.blockedUntil ?? 0),
    failed(who, now) {
      const count = (failuresOf(who, now)?.count ?? 0) + 1
      const waitMs = count < free ? 0 : Math.min(1000 * 2 ** Math.min(count - free, 30), longestMs)
      remembered.delete(who)
      remembered.set(who, { count, blockedUntil: now + waitMs })
      const [oldest] = remembered.keys()
      if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest)
    },
    succeeded: who => void remembered.delete(who),
  }
}
