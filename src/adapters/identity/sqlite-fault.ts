import { Fault, type FaultKind } from '../../ports/fault.ts'

/** SQLite's primary result codes; any other is an I/O error or worse. */
const kinds: Readonly<Record<number, FaultKind>> = {
  3: 'denied', // PERM
  5: 'conflict', // BUSY: another process holds the file
  6: 'conflict', // LOCKED
  8: 'denied', // READONLY
  11: 'corrupt', // CORRUPT
  13: 'full', // FULL
  14: 'denied', // CANTOPEN
  26: 'corrupt', // NOTADB
}

/** Runs one piece of work on the identity database; what SQLite says becomes a Fault, anything else passes unchanged. */
export function onDatabase<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') throw error
    const kind = kinds[error.errcode & 0xff] ?? 'unreadable'
    throw new Fault(kind, `the identity database does not work: ${error.message}`, { cause: error })
  }
}
