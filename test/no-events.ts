import type { EventSender } from '../src/ports/event-sender.ts'
import type { Secrets } from '../src/ports/secrets.ts'

const unasked = (): never => {
  throw new Error('no webhook is told anything in this test')
}

/** Of a house without webhooks. */
export const noEvents: { readonly events: EventSender; readonly secrets: Secrets } = {
  events: { objection: unasked, send: unasked },
  secrets: { make: unasked, seal: unasked, open: unasked },
}
