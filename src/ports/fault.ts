/**
 * The outside failed: a disk, a store, a database, an identity service. Adapters translate what they meet into this at
 * the seam; `permanent` says that trying again without a person's help is useless. `kind` is what a caller may act on.
 */
export type FaultKind =
  | 'missing' // the thing named does not exist
  | 'corrupt' // it exists and is not what was written
  | 'full' // no space left
  | 'unreadable' // an I/O error in the middle
  | 'changed' // a source changed its size under the reader
  | 'denied' // the outside refused us
  | 'conflict' // it exists already, or someone else holds it
  | 'unavailable' // it did not answer

export class Fault extends Error {
  readonly kind: FaultKind
  readonly permanent: boolean

  constructor(
    kind: FaultKind,
    message: string,
    options: { readonly permanent?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'Fault'
    this.kind = kind
    this.permanent = options.permanent ?? kind !== 'unavailable'
  }
}
