import type { OperationId, Operations } from '../contract/operations.gen.ts'
import type { Caller } from '../ports/identity.ts'
import type { Ports } from '../ports/ports.ts'

/** A caller who may do what is asked in the project of the path. */
export interface ProjectCaller extends Caller {
  readonly projectId: string
  /** `req-` and a UUID: on every response, in logs, audits and operation logs. */
  readonly requestId: string
}

export interface Request<O extends OperationId> {
  readonly path: Operations[O]['path']
  readonly query: Operations[O]['query']
  readonly body: Operations[O]['body']
}

/** The one shape of all rules: what it may reach, who asks, what is asked; an answer, or a Refusal thrown. */
export type UseCase<O extends OperationId, P extends keyof Ports> = (
  ports: Pick<Ports, P>,
  caller: ProjectCaller,
  request: Request<O>,
) => Promise<Operations[O]['answer']>
