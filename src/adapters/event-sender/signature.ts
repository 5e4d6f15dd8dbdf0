import { createHmac } from 'node:crypto'

export interface Signed {
  /** Of the attempt, not of the event: what is old is a replay. */
  readonly at: Date
  readonly body: string
  readonly secrets: readonly string[]
}

/**
 * `t=SECONDS,v1=HEX[,v1=HEX]`: HMAC-SHA-256, by each secret, of the seconds since 1970, a dot, and the body
 * (docs/notifications.md).
 */
export function signatureOf({ at, body, secrets }: Signed): string {
  const seconds = Math.floor(at.getTime() / 1000)
  const signatures = secrets.map(secret => createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'))
  return [`t=${seconds}`, ...signatures.map(hex => `v1=${hex}`)].join(',')
}
