/** What the demo shows: steps, requests with their answers, facts, and a bar for what takes its time. */

export interface Screen {
  /** A numbered headline. */
  step(title: string): void
  /** One line of explanation or result. */
  say(text: string): void
  request(line: RequestLine): void
  /** Draws over itself on a terminal; elsewhere only its end is shown. */
  bar(title: string, percent: number, aside: string): void
}

interface RequestLine {
  readonly person: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly milliseconds: number
  /** `followed 12 times`, an error code, and so on. */
  readonly aside?: string
}

const barCells = 28

export function openScreen(out: NodeJS.WriteStream): Screen {
  const paint = (code: number, text: string): string => (out.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text)
  let steps = 0
  const line = (text: string): void => {
    out.write(`${text}\n`)
  }
  return {
    step(title) {
      steps += 1
      line(`\n${paint(1, `${steps}. ${title}`)}`)
    },
    say: text => line(`   ${text}`),
    request({ person, method, path, status, milliseconds, aside }) {
      const colour = status < 300 ? 32 : 33
      const right = [`${milliseconds.toFixed(0)} ms`, ...(aside ? [aside] : [])].join(', ')
      const call = `${method.padEnd(6)} ${shortened(path)}`
      line(`   ${paint(36, person.padEnd(5))} ${call.padEnd(74)} ${paint(colour, String(status))}  ${paint(2, right)}`)
    },
    bar(title, percent, aside) {
      const ended = percent >= 100
      if (!out.isTTY && !ended) return
      const filled = Math.round((Math.min(percent, 100) / 100) * barCells)
      const cells = paint(32, '#'.repeat(filled)) + paint(2, '-'.repeat(barCells - filled))
      const text = `   ${title.padEnd(22)} [${cells}] ${String(Math.floor(percent)).padStart(3)}%  ${aside}`
      out.write(`${out.isTTY ? '\r\x1b[K' : ''}${text}${ended ? '\n' : ''}`)
    },
  }
}

/** Ids are long, and only their beginnings tell them apart. */
function shortened(path: string): string {
  return path.replaceAll(/\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b([0-9a-f]{8})[0-9a-f]{24}\b/g, '$1$2~')
}

/** 1.4 GiB, 183.0 MiB, 12 bytes. */
export function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}

/** 312 MiB/s. */
export function throughput(bytes: number, seconds: number): string {
  return `${(bytes / 1024 ** 2 / Math.max(seconds, 0.001)).toFixed(0)} MiB/s`
}
