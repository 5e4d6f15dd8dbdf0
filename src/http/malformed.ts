/**
 * What Node's parser cannot read never becomes a request: it is answered here, and the connection ends.
 *
 * One malformed thing is common: a Terraform provider that signs in with a password sends raw spaces in queries. It is not
 * put right and served, since who sits in front of us may have read that line otherwise; RFC 9112, 3, has such a request
 * redirected to the URL as it should be. HTTP clients follow that by themselves, and nobody else's request gets slower.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { errorBody } from './render.ts'

/** As Node reports it on `clientError`. */
export interface ParserError extends Error {
  readonly code?: string
  /** The packet in which the parser gave up, as bytes (Fastify's types say otherwise), and how far it had come in it. */
  readonly rawPacket?: unknown
  readonly bytesParsed?: number
}

export function refuseMalformed(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const target = encodedTarget(error)
  const status = target === undefined ? statusOf(error) : 301
  const answer = { status, code: 'BackupService.9900', message: `the request cannot be read (${error.message})` }
  const id = `req-${crypto.randomUUID()}`
  const body = errorBody(answer, id)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${target === undefined ? '' : `Location: ${target}\r\n`}` +
      `Content-Type: application/json\r\nX-Request-Id: ${id}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const statusOf = ({ code }: ParserError): number =>
  code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400

/** A path on this host (never `//host`), in which nothing is amiss, and a query of visible characters and spaces. */
const SPACED = /^GET (\/(?!\/)[\w\-.~%/:@!$&'()*+,;=]*\?[ -~]*) HTTP\/1\.1$/

/** Of a request line that is malformed by raw spaces in its query alone; undefined for all else. */
export function encodedTarget({ code, rawPacket, bytesParsed = 0 }: ParserError): string | undefined {
  if (code !== 'HPE_INVALID_CONSTANT' || !(rawPacket instanceof Uint8Array)) return undefined
  const packet = Buffer.from(rawPacket).toString('latin1')
  const end = packet.indexOf('\r\n', bytesParsed)
  if (end < 0) return undefined
  const line = packet.slice(packet.lastIndexOf('\n', bytesParsed) + 1, end)
  return SPACED.exec(line)?.[1]?.replaceAll(' ', '%20')
}
