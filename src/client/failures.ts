/** What a command can fail with. Everything else is a bug of ours. */

/** For people: what went wrong, and what they may do next. The command ends with 1. */
export class ClientFailure extends Error {
  /** A command, or a few words. */
  readonly next: string | undefined

  constructor(message: string, options: { readonly next?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'ClientFailure'
    this.next = options.next
  }
}

/** The command line itself is wrong in a way that its grammar does not say. The command ends with 2. */
export class UsageFailure extends ClientFailure {}

/** Nobody answered, or the answer broke off. */
export class Unanswered extends ClientFailure {}

/** The service, or the identity service, has answered, and not with what was asked for. */
export class Refused extends ClientFailure {
  readonly status: number
  /** The vendor's (`BackupService.6703`) or ours (`OpenCBR.0401`); empty where the answer has none. */
  readonly code: string
  readonly requestId: string

  constructor(answer: {
    readonly status: number
    readonly code: string
    readonly message: string
    readonly requestId: string
    readonly next?: string | undefined
  }) {
    super(answer.message, { next: answer.next })
    this.name = 'Refused'
    this.status = answer.status
    this.code = answer.code
    this.requestId = answer.requestId
  }
}

export const isRefused = (error: unknown, ...codes: readonly string[]): error is Refused =>
  error instanceof Refused && codes.includes(error.code.replace('BackupService.', ''))

/** Nobody answered, or what stands behind the service did not: the same may go well in a moment. */
export const mayPass = (error: unknown): boolean =>
  error instanceof Refused ? error.status >= 500 && error.status !== 507 : error instanceof Unanswered

/** What fails in the work fails with this advice. */
export async function advised<T>(next: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refused) throw new Refused({ ...error, message: error.message, next })
    throw error instanceof ClientFailure ? new ClientFailure(error.message, { next, cause: error }) : error
  }
}
