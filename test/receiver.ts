/** A webhook's other side: a real HTTP server on 127.0.0.1 that does what the test tells it to. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { until } from './shared-backup.ts'

export interface Received {
  readonly headers: IncomingMessage['headers']
  /** To the letter. */
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: events of all types; each test says what it reads
  readonly event: any
}

/** Answers, or does not. */
export type Manner = (response: ServerResponse) => void

export const answer =
  (status: number, headers: Record<string, string> = {}): Manner =>
  response => {
    response.writeHead(status, headers).end()
  }
export const silence: Manner = () => undefined

export interface Receiver extends AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly received: readonly Received[]
  /** How the next requests are met, one each; after them 204. */
  readonly manners: Manner[]
  /** Resolves when so many have come. */
  has(count: number): Promise<void>
  /** Types of the events, in the order of arrival. */
  types(): readonly string[]
}

export async function openReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = []
  const manners: Manner[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const body = Buffer.concat(parts).toString()
    received.push({ headers: request.headers, body, event: JSON.parse(body) })
    const manner = manners.shift() ?? answer(204)
    manner(response)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/hook`,
    received,
    manners,
    async has(count) {
      await until(async () => (received.length >= count ? true : undefined))
    },
    types: () => received.map(({ event }) => event.type),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** How many of the signatures are by this secret; by the words of docs/notifications.md, not by our code. */
export function signedBy(secret: string, { headers, body }: Received): number {
  const signature = headers['opencbr-signature']
  assert.ok(typeof signature === 'string')
  const fields = signature.split(',').map(field => field.split('=', 2))
  const [, seconds = ''] = fields.find(([name]) => name === 't') ?? []
  assert.ok(Math.abs(Date.now() / 1000 - Number(seconds)) < 60, `signed at ${seconds}`)
  const right = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return fields.filter(([name, value]) => name === 'v1' && value === right).length
}
