import { DatabaseError } from 'pg'
import { Fault, type FaultKind } from '../../ports/fault.ts'

/** By SQLSTATE or its class. What is not here (a constraint, a wrong statement) is a bug of ours and passes. */
const faults: Readonly<Record<string, readonly [FaultKind, string]>> = {
  '08': ['unavailable', 'the connection to PostgreSQL failed'],
  '28': ['denied', 'PostgreSQL does not let us in'],
  '3D': ['missing', 'PostgreSQL has no such database'],
  '40': ['unavailable', 'PostgreSQL could not serialize the change'],
  '53': ['unavailable', 'PostgreSQL has no resources left'],
  '53100': ['full', 'PostgreSQL has no disk space left'],
  '55P03': ['unavailable', 'PostgreSQL could not lock in time'],
  '57': ['unavailable', 'PostgreSQL stopped the statement'],
  '58': ['unreadable', 'PostgreSQL met an I/O error'],
  XX001: ['corrupt', 'PostgreSQL found damaged data'],
  XX002: ['corrupt', 'PostgreSQL found a damaged index'],
}

/** An error of the `pg` package as a Fault; of what is none, the error itself. */
export function translate(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error
  if (!(error instanceof DatabaseError)) {
    return new Fault('unavailable', `PostgreSQL did not answer: ${error.message}`, { cause: error })
  }
  const code = error.code ?? ''
  const [kind, words] = faults[code] ?? faults[code.slice(0, 2)] ?? []
  return kind ? new Fault(kind, `${words}: ${error.message}`, { cause: error }) : error
}

/** Whether the connection itself is of no further use. */
export const isBroken = (error: unknown): boolean =>
  error instanceof Error && (!(error instanceof DatabaseError) || /^(08|57P0)/.test(error.code ?? ''))

/**
 * How often a transaction that failed of this is tried: often when it merely lost a race; a few times when it broke a
 * constraint, which a change that checked first can only do by losing a race, too.
 */
export function triesAfter(error: unknown): number {
  const code = error instanceof DatabaseError ? error.code : undefined
  if (code === '40001' || code === '40P01') return 60
  return code === '23505' || code === '23503' ? 3 : 1
}
