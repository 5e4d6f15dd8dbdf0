/** What an NBD server says and does, in the words of the house. A server is another machine's: nothing it says is taken on trust. */
import { errno } from '../../nbd-wire/numbers.ts'
import { Fault, type FaultKind } from '../../ports/fault.ts'

const kinds: Readonly<Record<number, FaultKind>> = {
  [errno.EPERM]: 'denied',
  [errno.ENOMEM]: 'unavailable',
  [errno.ENOSPC]: 'full',
  [errno.ESHUTDOWN]: 'unavailable',
}

/** The server answered a request with an error of its own: the connection goes on. */
export class NbdRefused extends Fault {
  readonly errno: number

  constructor(code: number, about: string) {
    const [name = `error ${code}`] = Object.entries(errno).find(([, value]) => value === code) ?? []
    super(kinds[code] ?? 'unreadable', `the NBD server refuses: ${name}${about === '' ? '' : `, ${about}`}`)
    this.errno = code
  }
}

/** The server breaks the protocol: nothing it sent or sends counts. */
export const violation = (what: string): Fault => new Fault('corrupt', `the NBD server breaks the protocol: ${what}`)

/** A server's own words, fit for a log line. */
export const spoken = (text: Uint8Array): string =>
  Buffer.from(text.subarray(0, 200))
    .toString('utf8')
    .replaceAll(/[^\P{C}]/gu, '?')
