import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 60_000
const PAUSE_MS = 200

/** Asks again until the answer fits, as a person with a client does; an Error with the last answer after a minute. */
export async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  const begun = performance.now()
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`still ${JSON.stringify(answer)} after a minute`)
    await pause(PAUSE_MS)
  }
}
