/** Who is calling: a token, or a signature over the request as it came (client-notes 2). */
import type { FastifyRequest } from 'fastify'
import type { Caller, Identity, SignedRequest } from '../ports/identity.ts'
import { Unserved } from './render.ts'

const SIGNED = 'SDK-HMAC-SHA256'

/**
 * The caller, scoped where the credential is. A signature is scoped to the project of the path; only calls without one
 * take the project from `X-Project-Id`, which the identity service checks against what the key's owner may use.
 */
export async function identify(identity: Identity, request: FastifyRequest, projectId?: string): Promise<Caller> {
  const token = headerOf(request, 'x-auth-token')
  if (token !== undefined && token !== '') {
    return (await identity.callerOfToken(token)) ?? unauthorised('the token is not valid, or no longer')
  }
  const signed = signedRequest(request)
  if (!signed) unauthorised('there is no token and no signature')
  const caller = await identity.callerOfSignature(signed, projectId)
  return caller ?? unauthorised('the signature is not valid, or too old, or was used before')
}

/** The request as it came, if it is signed. Its body is what a parser has left as bytes. */
export function signedRequest(request: FastifyRequest): SignedRequest | undefined {
  if (!headerOf(request, 'authorization')?.startsWith(SIGNED)) return undefined
  const url = request.raw.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method,
    rawPath: mark < 0 ? url : url.slice(0, mark),
    rawQuery: mark < 0 ? '' : url.slice(mark + 1),
    headers: joined(request),
    body: request.body instanceof Uint8Array ? request.body : new Uint8Array(0),
  }
}

function unauthorised(message: string): never {
  throw new Unserved(401, message)
}

export const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

const joined = (request: FastifyRequest): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  )
