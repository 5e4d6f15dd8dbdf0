/** A connection to a Unix socket over which both sides send lines of text. The other side is not trusted with its length. */
import { connect, type Socket } from 'node:net'
import { Fault } from '../../ports/fault.ts'
import { systemCode } from '../../ports/system-fault.ts'

export interface Lines {
  send(text: string): void
  close(): void
}

export interface LineEvents {
  line(text: string): void
  /** Once, and nothing after it: the connection is over, ours or theirs to blame. */
  end(fault: Fault): void
}

/** A machine with many disks describes them in some hundred KiB. */
const LONGEST_LINE = 16 * 1024 * 1024

/** Nobody listens at the socket: what it belongs to does not run. */
export class NobodyThere extends Fault {
  constructor(path: string, cause: unknown) {
    super('missing', `nobody listens at ${path}`, { cause })
  }
}

/** `what` names the other side in messages. Faults: NobodyThere, `denied`, `unavailable`. */
export async function connectLines(path: string, what: string, events: LineEvents): Promise<Lines> {
  const socket = connect({ path })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  }).catch(error => {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') throw new NobodyThere(path, error)
    throw new Fault(code === 'EACCES' ? 'denied' : 'unavailable', `cannot reach ${what} at ${path}: ${code ?? error}`, {
      cause: error,
    })
  })
  follow(socket, what, events)
  return {
    send: text => socket.write(`${text}\n`),
    close: () => socket.destroy(),
  }
}

function follow(socket: Socket, what: string, events: LineEvents): void {
  let pieces: string[] = []
  let waiting = 0
  let failure: Fault | undefined
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const [first = '', ...rest] = text.split('\n')
    pieces.push(first)
    waiting += first.length
    for (const next of rest) {
      const line = pieces.join('').replace(/\r$/, '')
      pieces = [next]
      waiting = next.length
      if (line !== '' && !socket.destroyed) events.line(line)
    }
    if (waiting <= LONGEST_LINE) return
    failure = new Fault('corrupt', `${what} sends a line of more than ${LONGEST_LINE} bytes`)
    socket.destroy()
  })
  socket.on('end', () => socket.destroy())
  socket.on('error', error => {
    failure ??= new Fault('unavailable', `the connection to ${what} broke: ${systemCode(error) ?? error.message}`, {
      cause: error,
    })
  })
  socket.on('close', () => events.end(failure ?? new Fault('unavailable', `${what} ended the connection`)))
}
