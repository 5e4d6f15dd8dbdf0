import { createHash } from 'node:crypto'
import type { SignedRequest } from '../../ports/identity.ts'

/** The header `Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=hex`, taken apart. */
export interface SignatureHeader {
  readonly ak: string
  readonly signedHeaders: readonly string[]
  readonly signature: Buffer
}

export const algorithm = 'SDK-HMAC-SHA256'

export function readSignatureHeader(authorization: string): SignatureHeader | undefined {
  const form =
    /^SDK-HMAC-SHA256 +Access=([^,\s]{1,128}), *SignedHeaders=([a-z0-9;_-]{1,2000}), *Signature=([0-9a-fA-F]{64})$/
  const [, ak, names, signature] = form.exec(authorization) ?? []
  if (ak === undefined || names === undefined || signature === undefined) return undefined
  return { ak, signedHeaders: names.split(';'), signature: Buffer.from(signature, 'hex') }
}

/**
 * The text that the vendor's clients sign (client-notes 2): method, path, query, signed headers, their names, the body's
 * hash. Undefined when a header that is said to be signed is not there, when something is not UTF-8, or when the body is
 * not the one whose hash is given; a client that says `UNSIGNED-PAYLOAD` has chosen not to protect its body.
 */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string | undefined {
  const headers = signedHeaders.map(name => canonicalHeader(name, request.headers[name]))
  const path = canonicalPath(request.rawPath)
  const query = canonicalQuery(request.rawQuery)
  const hash = bodyHash(request)
  if (headers.includes(undefined) || path === undefined || query === undefined || hash === undefined) return undefined
  return [request.method.toUpperCase(), path, query, `${headers.join('\n')}\n`, signedHeaders.join(';'), hash].join(
    '\n',
  )
}

/** Clients sign the text and send its UTF-8, which Node hands on byte by byte as Latin-1. */
function canonicalHeader(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${name}:${Buffer.from(value, 'latin1').toString().trim()}`
}

/** Decoded as a whole, then each segment encoded again; a slash at the end always. */
function canonicalPath(rawPath: string): string | undefined {
  const path = decoded(rawPath)?.split('/').map(encoded).join('/')
  return path === undefined || path.endsWith('/') ? path : `${path}/`
}

function canonicalQuery(rawQuery: string): string | undefined {
  const pairs: (readonly [string, string])[] = []
  for (const piece of rawQuery.split('&').filter(piece => piece !== '')) {
    const at = piece.indexOf('=')
    const key = decoded(spaced(at === -1 ? piece : piece.slice(0, at)))
    const value = decoded(spaced(at === -1 ? '' : piece.slice(at + 1)))
    if (key === undefined || value === undefined) return undefined
    pairs.push([key, value])
  }
  pairs.sort(([a, x], [b, y]) => byBytes(a, b) || byBytes(x, y))
  return pairs.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join('&')
}

function spaced(text: string): string {
  return text.replaceAll('+', ' ')
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // a URIError: no client sends what is not UTF-8
  }
}

/** RFC 3986: everything but letters, digits and `-_.~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function bodyHash({ headers, body }: SignedRequest): string | undefined {
  const given = headers['x-sdk-content-sha256']?.trim()
  if (given === 'UNSIGNED-PAYLOAD') return given
  const hash = createHash('sha256').update(body).digest('hex')
  return given === undefined || given.toLowerCase() === hash ? (given ?? hash) : undefined
}
