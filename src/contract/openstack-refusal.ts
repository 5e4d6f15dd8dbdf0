/**
 * The caller's fault in one of the calls that are OpenStack's, not CBR's (images v2, volumes v3): those services answer
 * a status and a sentence, without a table of codes. The front door puts it into the shape of each.
 */
export class OpenStackRefusal extends Error {
  readonly status: 400 | 403 | 404 | 409 | 416

  constructor(status: OpenStackRefusal['status'], message: string) {
    super(message)
    this.name = 'OpenStackRefusal'
    this.status = status
  }
}

export function decline(status: OpenStackRefusal['status'], message: string): never {
  throw new OpenStackRefusal(status, message)
}
