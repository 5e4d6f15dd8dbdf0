import { STATUS_CODES } from 'node:http'

/** What `/identity/v3` cannot answer, in Keystone's shape: `{"error":{"code":404,"message":"...","title":"Not Found"}}`. */
export class IdentityRefusal extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405

  constructor(status: IdentityRefusal['status'], message: string) {
    super(message)
    this.name = 'IdentityRefusal'
    this.status = status
  }
}

export function refuseIdentity(status: IdentityRefusal['status'], message: string): never {
  throw new IdentityRefusal(status, message)
}

export function unauthorised(): never {
  refuseIdentity(401, 'The request you have made requires authentication.')
}

export function notFound(kind: string, id: string): never {
  refuseIdentity(404, `Could not find ${kind}: ${id}.`)
}

export function refusalBody(status: number, message: string): object {
  return { error: { code: status, message, title: STATUS_CODES[status] ?? 'Error' } }
}
