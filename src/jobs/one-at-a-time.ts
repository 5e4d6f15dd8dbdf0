export interface OneAtATime {
  /** Runs the work soon: once more, however often this is called before that run begins. */
  ask(): void
  /** Resolves when no run is under way and none has been asked for. */
  rest(): Promise<void>
}

/** Runs of the same work, never two at once. It must not reject. */
export function oneAtATime(work: () => Promise<void>): OneAtATime {
  let asked = false
  let last: Promise<void> = Promise.resolve()
  return {
    ask() {
      if (asked) return
      asked = true
      last = last.then(() => {
        asked = false
        return work()
      })
    },
    async rest() {
      for (let seen: unknown; seen !== last; await last) seen = last
    },
  }
}
