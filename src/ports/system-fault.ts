import { Fault, type FaultKind } from './fault.ts'

/** What the operating system's error codes mean to the house; a code not named here is an I/O error. */
const kinds: Readonly<Record<string, FaultKind>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  ENXIO: 'missing',
  ENODEV: 'missing',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ELOOP: 'denied',
  EEXIST: 'conflict',
  EISDIR: 'conflict',
  ENOTEMPTY: 'conflict',
  EBUSY: 'conflict',
  ETXTBSY: 'conflict',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  EAGAIN: 'unavailable',
  ENOMEM: 'unavailable',
}

/** The code of an error the operating system gave, such as `ENOENT`; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const found = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined
  return typeof found === 'string' ? found : undefined
}

/**
 * Translates an error of the operating system at an adapter's seam; `what` is the sentence's beginning, as in
 * `cannot write pack x`. Anything else (a Fault already, a bug) passes unchanged.
 */
export function systemFault(what: string, error: unknown): unknown {
  const code = systemCode(error)
  if (code === undefined || error instanceof Fault) return error
  return new Fault(kinds[code] ?? 'unreadable', `${what}: ${(error as Error).message}`, { cause: error })
}
