/**
 * Two installations, each with its own catalog, store and keys: here-1 sends, there-1 takes. Between them stands a gate on
 * real HTTP that counts what passes, and can be shut or made to lie.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Now } from '../src/ports/now.ts'
import { openHouse, projects, type TestHouse } from './house.ts'

export interface Passed {
  readonly path: string
  readonly body: Buffer
}

export interface Gate {
  readonly url: string
  /** Every request that went through, with its body. */
  readonly passed: Passed[]
  /** What happens to a request: undefined lets it pass; else its answer. May change what is sent on. */
  watch: (request: Passed) => Promise<{ readonly status: number; readonly body: string } | undefined> | undefined
  /** Changes an answer. */
  twist: (request: Passed, answer: Buffer) => Buffer
  /** Where requests go. */
  to: string
}

export interface TwoRegions extends AsyncDisposable {
  readonly here: TestHouse
  readonly there: TestHouse
  readonly gate: Gate
}

/** There, alice is the user whom this side signs in as: she works in beta too, where replicas go. */
export async function openTwoRegions(now?: Now): Promise<TwoRegions> {
  await using opened = new AsyncDisposableStack()
  const there = opened.use(
    await openHouse({
      environment: { OPENCBR_REGION: 'there-1' },
      more: { roles: { alice: { beta: ['CBR FullAccess'] } } },
    }),
  )
  const { gate, server } = await openGate(there.url)
  opened.defer(() => new Promise(done => server.close(() => done()).closeAllConnections()))
  const peer = {
    region: 'there-1',
    url: gate.url,
    user: 'alice',
    password: 'alice-secret',
    domain: 'acme',
    projects: { [projects.alpha]: [projects.beta] },
  }
  const here = opened.use(
    await openHouse({
      ...(now && { now }),
      environment: {
        OPENCBR_REGION: 'here-1',
        OPENCBR_IDENTITY_EMBEDDED_TOKEN_SECONDS: '31536000',
        OPENCBR_REPLICATION_PEERS: JSON.stringify([peer]),
      },
    }),
  )
  const parts = opened.move()
  return { here, there, gate, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

export async function openGate(to: string): Promise<{ readonly gate: Gate; readonly server: Server }> {
  const gate = { url: '', passed: [] as Passed[], watch: () => undefined, twist: (_: Passed, body: Buffer) => body, to }
  const server = createServer((request, response) => void pass(gate, request, response))
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  const address = server.address()
  gate.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return { gate, server }
}

async function pass(gate: Gate, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = Buffer.concat(await Array.fromAsync(request))
    const seen = { path: request.url ?? '', body }
    const instead = await gate.watch(seen)
    if (instead) {
      response.writeHead(instead.status, { 'content-type': 'application/json' }).end(instead.body)
      return
    }
    const answer = await fetch(gate.to + seen.path, {
      method: request.method ?? 'GET',
      headers: {
        'content-type': request.headers['content-type'] ?? 'application/json',
        ...(request.headers['x-auth-token'] && { 'x-auth-token': String(request.headers['x-auth-token']) }),
      },
      ...(seen.body.length > 0 && { body: new Uint8Array(seen.body) }),
    })
    gate.passed.push(seen)
    const token = answer.headers.get('x-subject-token')
    response.writeHead(answer.status, token === null ? {} : { 'x-subject-token': token })
    response.end(gate.twist(seen, Buffer.from(await answer.arrayBuffer())))
  } catch {
    response.destroy()
  }
}
