/** How far long work has come: one line of a terminal, rewritten; elsewhere nothing is said. */
import { clean } from './shown.ts'

export interface Progress extends Disposable {
  /** `part` from 0 to 1. */
  tell(part: number, words: string): void
}

const WIDTH = 24

export function openProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let last = ''
  const write = (line: string): void => {
    if (!stream.isTTY || line === last) return
    stream.write(`\r\u001b[K${line}`)
    last = line
  }
  return {
    tell(part, words) {
      const done = Math.round(Math.min(Math.max(part, 0), 1) * WIDTH)
      const percent = String(Math.floor(part * 100)).padStart(3)
      write(`[${'#'.repeat(done)}${'.'.repeat(WIDTH - done)}] ${percent} % ${clean(words)}`)
    },
    [Symbol.dispose]: () => write(''),
  }
}
