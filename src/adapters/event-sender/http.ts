/**
 * Events over HTTP. A name is resolved for each attempt, and what it resolves to is looked at before the connection is
 * made to just that: a name that leads elsewhere the next time gains nothing.
 */
import { type LookupAddress, lookup } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Attempt, EventSender, OutgoingEvent } from '../../ports/event-sender.ts'
import { type Reachable, reachable } from './reachable.ts'
import { signatureOf } from './signature.ts'

export interface HttpSenderOptions {
  /** Addresses and networks that may be reached besides the public ones. */
  readonly allow: readonly string[]
  /** For one attempt, from the name to the status. */
  readonly timeoutSeconds: number
}

const LONGEST_URL = 2048
const NOWHERE = 'the address leads to nothing that webhooks may reach'

export function httpSender({ allow, timeoutSeconds }: HttpSenderOptions): EventSender {
  const may = reachable(allow)
  return {
    objection: url => objectionTo(url, may),
    async send(event, signal) {
      const objection = objectionTo(event.url, may) // the operator may have changed his mind since
      if (objection !== undefined) return { problem: objection }
      const deadline = AbortSignal.timeout(1000 * timeoutSeconds)
      try {
        return asAttempt(await statusOf(event, may, AbortSignal.any([signal, deadline])))
      } catch (error) {
        signal.throwIfAborted()
        if (deadline.aborted) return { problem: `no answer within ${timeoutSeconds} seconds` }
        return { problem: problemOf(error) ?? rethrow(error) }
      }
    },
  }
}

function objectionTo(text: string, may: Reachable): string | undefined {
  if (text.length > LONGEST_URL) return `the URL has more than ${LONGEST_URL} characters`
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'it must be an http:// or https:// URL'
  if (url.username !== '' || url.password !== '') return 'the URL must hold no user and no password'
  const address = hostOf(url)
  return isIP(address) !== 0 && !may(address) ? NOWHERE : undefined
}

/** Of an IPv6 address without its brackets. The URL standard has spelt out all ways of writing an IPv4 address. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

const asAttempt = (answer: number): Attempt =>
  answer >= 200 && answer < 300 ? { answer } : { answer, problem: `answered ${answer}` }

/** The body of the answer is not read. */
async function statusOf(event: OutgoingEvent, may: Reachable, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = open(event, may, signal)
  request.once('response', resolve).on('error', reject)
  request.end(event.body)
  const answer = await promise
  answer.destroy()
  return answer.statusCode ?? 0
}

function open(event: OutgoingEvent, may: Reachable, signal: AbortSignal): ClientRequest {
  const start = event.url.toLowerCase().startsWith('https:') ? overHttps : overHttp
  return start(event.url, {
    method: 'POST',
    agent: false,
    lookup: lookupWithin(may),
    signal,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(event.body),
      'user-agent': 'OpenCBR',
      'opencbr-event-id': event.id,
      'opencbr-event-type': event.type,
      'opencbr-signature': signatureOf(event),
    },
  })
}

/** Resolves names to addresses that may be reached. */
function lookupWithin(may: Reachable): LookupFunction {
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const addresses = (error ? [] : found).filter(({ address }) => may(address))
      const [first] = addresses
      if (first === undefined) done(new Unreachable(name, error), [])
      else if (options.all) done(null, addresses satisfies LookupAddress[])
      else done(null, first.address, first.family)
    })
  }
}

/** Whether the name is unknown or leads to the operator's own network is not told: that would map the network. */
class Unreachable extends Error {
  constructor(name: string, cause: unknown) {
    super(`${name} leads to nothing that may be reached`, { cause })
    this.name = 'Unreachable'
  }
}

/** Node says with these words at the beginning of a code that a certificate is not to be trusted. */
const CERTIFICATE = /^(CERT|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|HOSTNAME_MISMATCH)/

/** Undefined for what neither the network nor the other side has done: a bug. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof Unreachable) return NOWHERE
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return undefined
  return CERTIFICATE.test(code) ? `the certificate is not trusted (${code})` : `the connection failed (${code})`
}

function rethrow(error: unknown): never {
  throw error
}
