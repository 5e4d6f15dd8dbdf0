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

/** A Fault's own text may name paths of this machine, which are no business of a tenant: these words do not. */
const wordsFor: Readonly<Record<FaultKind, string>> = {
  missing: 'something it needs does not exist any more',
  corrupt: 'stored data is damaged; the operator was told which',
  full: 'the store has no space left',
  unreadable: 'reading or writing failed in the middle',
  changed: 'the disk changed its size while it was read',
  denied: 'the service was not allowed to open what it needs',
  conflict: 'something else holds what it needs',
  unavailable: 'a part of the service did not answer',
}

/** What the operation log says of an error; the whole of it belongs into the log file. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JobFailure) return { code: error.code, message: error.message }
  if (error instanceof Fault) return { code: wireCode('9910'), message: wordsFor[error.kind] }
  return { code: wireCode('9910'), message: errors['9910'][1] }
}
