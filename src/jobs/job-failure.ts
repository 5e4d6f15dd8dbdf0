import { type ErrorCode, errors } from '../contract/errors.ts'
import { Fault, type FaultKind } from '../ports/fault.ts'
import type { Failure } from './job-ports.ts'

/** A job that cannot succeed for a reason its project's people should read; trying again would not help. */
export class JobFailure extends Error implements Failure {
  readonly code: string

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.name = 'JobFailure'
    this.code = wireCode(code)
  }
}

/** As codes stand on the wire. */
export const wireCode = (code: ErrorCode): string => `BackupService.${code}`

interface Wording {
  readonly code: ErrorCode
  readonly words: string
}

/** A Fault's own text may name paths of this machine, which are no business of a tenant: these words do not. */
const wordings: Readonly<Record<FaultKind, Wording>> = {
  missing: { code: '7000', words: 'something that is needed does not exist any more' },
  corrupt: { code: '9910', words: 'stored data is damaged; the operator was told which' },
  full: { code: '9910', words: 'no space is left to write to' },
  unreadable: { code: '7003', words: 'reading or writing failed in the middle' },
  changed: { code: '7003', words: 'the size changed while it was read' },
  denied: { code: '7003', words: 'the service was not allowed to open it' },
  conflict: { code: '7003', words: 'something else, such as a virtual machine, has it open; stop that first' },
  unavailable: { code: '9910', words: 'a part of the service did not answer' },
}

/** What the operation log says of an error; the whole of it belongs into the log file. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JobFailure) return { code: error.code, message: error.message }
  if (!(error instanceof Fault)) return { code: wireCode('9910'), message: errors['9910'][1] }
  const { code, words } = wordings[error.kind]
  return { code: wireCode(code), message: words }
}

/** Does something with one disk; a Fault that will not pass becomes a failure that names the disk. */
export async function withDisk<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault) || !error.permanent) throw error
    const { code, words } = wordings[error.kind]
    throw new JobFailure(code, `disk ${name}: ${words}`, { cause: error })
  }
}
