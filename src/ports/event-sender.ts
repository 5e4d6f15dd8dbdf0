/** How events leave the house. Addresses are tenants', so whatever stands behind one is hostile. */
export interface EventSender {
  /** What is wrong with an address, as far as its text tells; undefined for one that may be tried. */
  objection(url: string): string | undefined
  /**
   * One attempt. What the other side does or fails to do is an answer, never an error; rejects with the signal's reason
   * alone. Follows no redirect, reads no body, and connects to no address that the operator has not allowed.
   */
  send(event: OutgoingEvent, signal: AbortSignal): Promise<Attempt>
}

export interface OutgoingEvent {
  readonly url: string
  readonly id: string
  readonly type: string
  /** JSON. */
  readonly body: string
  /** Each signs. */
  readonly secrets: readonly string[]
  readonly at: Date
}

export interface Attempt {
  /** HTTP's status, where there was one. */
  readonly answer?: number
  /** Why it counts as not delivered, in words for the project's people; absent when it was. */
  readonly problem?: string
}
