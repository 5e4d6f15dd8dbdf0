/** What goes back: answers, refusals, and the few errors that are no rule of the vendor's. */
import { Refusal } from '../contract/errors.ts'
import { OpenStackRefusal } from '../contract/openstack-refusal.ts'
import { Fault } from '../ports/fault.ts'

/** Bodies have exactly the vendor's keys, plus the request id. `error_code` of what is not the vendor's is `OpenCBR.*`. */
export interface ErrorAnswer {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** Refused before a rule is asked: by the credentials, the rights or the URL. */
export class Unserved extends Error {
  readonly status: 401 | 403 | 404 | 405 | 413 | 503

  constructor(status: Unserved['status'], message: string) {
    super(message)
    this.name = 'Unserved'
    this.status = status
  }
}

/** The code that clients match on: documented ones have the vendor's prefix (semantics 1.3). */
export const vendorCode = (code: string): string => `BackupService.${code}`

/** What a thrown thing answers. A Fault and a bug tell the caller nothing of the inside; the log has it. */
export function answerOf(error: unknown): ErrorAnswer {
  if (error instanceof Refusal) return { status: error.status, code: vendorCode(error.code), message: error.message }
  if (error instanceof Unserved)
    return { status: error.status, code: `OpenCBR.0${error.status}`, message: error.message }
  if (error instanceof OpenStackRefusal)
    return { status: error.status, code: `OpenCBR.0${error.status}`, message: error.message }
  if (error instanceof Fault && error.kind === 'unavailable')
    return { status: 503, code: 'OpenCBR.0503', message: 'a part of the service does not answer; try again' }
  if (error instanceof Fault && error.kind === 'full')
    return { status: 507, code: 'OpenCBR.0507', message: 'the service has no space left' }
  return badRequestOf(error) ?? INTERNAL
}

const INTERNAL: ErrorAnswer = {
  status: 500,
  code: vendorCode('9910'),
  message: 'something went wrong that should not; the request id helps to find it in the log',
}

/** What the HTTP server itself refuses: a body too large or cut off, a URL that cannot be decoded. */
function badRequestOf(error: unknown): ErrorAnswer | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const status = error.statusCode
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  return { status, code: vendorCode('9900'), message: `the request does not fit the contract (${error.message})` }
}

export const errorBody = (answer: ErrorAnswer, requestId: string): string =>
  JSON.stringify({ error_code: answer.code, error_msg: answer.message, request_id: requestId })

/** Whether the log should say more than one line about it. */
export const isOurs = (answer: ErrorAnswer): boolean => answer.status >= 500
