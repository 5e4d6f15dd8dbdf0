/** Where clients come in: a Unix socket per session, and one TCP port for all, with TLS. */
import { chmod, unlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { createSecureContext, type SecureContext } from 'node:tls'
import { Fault } from '../ports/fault.ts'
import { systemCode, systemFault } from '../ports/system-fault.ts'
import { type Identity, selfSigned } from './self-signed.ts'

export interface ExportSettings {
  /** Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number }
  /** What clients reach this machine by; without it the address listened on, or this machine's name. */
  readonly host?: string | undefined
  /** PEM; without it one is made, for this process's life. */
  readonly identity?: Identity | undefined
}

type Serve = (socket: Socket) => unknown

/** `struct sockaddr_un` has no room for more. */
const LONGEST_PATH = 107

export interface Listener {
  /** Takes no more clients; those who are in are somebody else's to cut off. */
  close(): void
}

/** Only for this process's user. */
export async function listenUnix(path: string, serve: Serve): Promise<Listener> {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new Fault('denied', `no Unix socket can be at ${path}: the data directory's path is too long`)
  const server = createServer({ pauseOnConnect: true }, serve)
  await listening(server, { path })
  await chmod(path, 0o600)
  return { close: () => void server.close() }
}

/** What an earlier process left; missing is fine. */
export async function removeSocket(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw systemFault(`cannot remove ${path}`, error)
  }
}

export interface TlsListener extends Listener {
  /** As URIs have it. */
  readonly authority: string
  readonly certificate: string
}

export async function listenTls(
  settings: ExportSettings,
  now: Date,
  serve: (socket: Socket, secure: SecureContext) => unknown,
): Promise<TlsListener> {
  const { listen } = settings
  const host = settings.host ?? (['0.0.0.0', '::'].includes(listen.host) ? hostname() : listen.host)
  const identity = settings.identity ?? selfSigned(host, now)
  const secure = contextOf(identity)
  const server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, socket => serve(socket, secure))
  await listening(server, listen)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return {
    authority: `${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    certificate: identity.certificate,
    close: () => void server.close(),
  }
}

/** A Fault where the operator's certificate or key is none. */
function contextOf({ certificate, key }: Identity): SecureContext {
  try {
    return createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' })
  } catch (cause) {
    throw new Fault('denied', 'exports.certificate and exports.key cannot be used for TLS', { cause })
  }
}

function listening(server: Server, at: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(systemFault('cannot listen for export clients', error))
    server.once('error', failed).listen(at, () => {
      server.off('error', failed)
      resolve()
    })
  })
}
