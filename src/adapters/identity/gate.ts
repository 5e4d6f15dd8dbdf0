import { Fault } from '../../ports/fault.ts'

/** Lets only so many pieces of work run at once, and only so many more wait; beyond that a Fault `unavailable`. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>

export function openGate(running: number, waiting: number): Gate {
  const queue: (() => void)[] = []
  let free = running
  return async work => {
    if (free > 0) free -= 1
    else if (queue.length >= waiting) throw new Fault('unavailable', 'too many sign-ins at once; try again in a moment')
    else await new Promise<void>(resolve => queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else free += 1
    }
  }
}
