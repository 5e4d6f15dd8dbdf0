/** Signs requests as the vendor's clients do, written from their algorithm and not from our check of it (client-notes 2). */
import { createHash, createHmac } from 'node:crypto'

export interface ToSign {
  readonly method: string
  /** With scheme, host, path and query, encoded as it goes over the wire. */
  readonly url: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly ak: string
  readonly sk: string
  readonly at: Date
}

/** The Go SDK of the Terraform provider: host and project are not signed. */
export function signLikeGo(request: ToSign): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': 'terraform-provider-opentelekomcloud/1.97',
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
    'x-sdk-date': sdkDate(request.at),
  }
  return { ...headers, authorization: authorization(request, headers) }
}

/** The vendor's Python SDK: every header is signed, the host among them. */
export function signLikePython(request: ToSign): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json;charset=utf-8',
    'user-agent': 'huaweicloud-usdk-python/3.0',
    ...request.headers,
    host: new URL(request.url).host,
    'x-sdk-date': sdkDate(request.at),
  }
  return { ...headers, authorization: authorization(request, headers) }
}

export function sdkDate(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function authorization({ method, url, body = '', ak, sk }: ToSign, headers: Readonly<Record<string, string>>): string {
  const { pathname, searchParams } = new URL(url)
  const names = Object.keys(headers).sort()
  const query = [...searchParams].sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
  const canonical = [
    method,
    `${decodeURIComponent(pathname).split('/').map(quote).join('/')}/`.replace(/\/\/$/, '/'),
    query.map(([name, value]) => `${quote(name)}=${quote(value)}`).join('&'),
    ...names.map(name => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    headers['x-sdk-content-sha256'] ?? sha256(body),
  ].join('\n')
  const text = ['SDK-HMAC-SHA256', headers['x-sdk-date'], sha256(canonical)].join('\n')
  const signature = createHmac('sha256', sk).update(text).digest('hex')
  return `SDK-HMAC-SHA256 Access=${ak}, SignedHeaders=${names.join(';')}, Signature=${signature}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Byte by byte, as both signers do. */
function quote(text: string): string {
  return [...Buffer.from(text)]
    .map(byte => (/[A-Za-z0-9_.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${hex(byte)}`))
    .join('')
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

/** By Unicode's code points, which is the order of the bytes in UTF-8. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
