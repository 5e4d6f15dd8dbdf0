/**
 * Which sessions may go on, asked of the catalog no more often than it can matter: whoever wants to read waits for an
 * answer that was asked for after the latest change this process made, and no older than a second, which is how soon a
 * change by another process counts.
 */
export interface WatchParts {
  /** The ids of this process's sessions that may go on. */
  look(): Promise<ReadonlySet<string>>
  /** Grows with every change of the catalog by this process. */
  changes(): number
}

export interface Watch {
  /** Rejects when the catalog has not answered for a while. */
  allowed(): Promise<ReadonlySet<string>>
}

const FRESH_MS = 1000
/** How long a catalog that does not answer holds nobody up. */
const GRACE_MS = 10_000

export function watch({ look, changes }: WatchParts): Watch {
  let known: ReadonlySet<string> = new Set()
  let seen = { changes: -1, at: Number.NEGATIVE_INFINITY }
  let looking: Promise<void> | undefined

  const lookNow = async () => {
    const now = { changes: changes(), at: performance.now() }
    known = await look()
    seen = now
  }
  const age = () => performance.now() - seen.at

  return {
    async allowed() {
      const latest = changes()
      while (seen.changes < latest || age() > FRESH_MS) {
        looking ??= lookNow().finally(() => {
          looking = undefined
        })
        try {
          await looking
        } catch (error) {
          if (seen.changes < latest || age() > GRACE_MS) throw error
          return known
        }
      }
      return known
    },
  }
}
