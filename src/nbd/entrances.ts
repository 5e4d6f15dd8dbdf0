/** Where clients find a session: a socket of its own on this machine, or a secret name at the one port for all. */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { ExportSessionRecord } from '../ports/catalog/export-session.ts'
import type { OpenedExport } from '../ports/export-door.ts'
import type { Log } from '../ports/log.ts'
import type { Now } from '../ports/now.ts'
import { connections } from './connections.ts'
import { type ExportSettings, listenTls, listenUnix, type TlsListener } from './listeners.ts'
import type { Session } from './session.ts'

export interface EntranceParts {
  /** Where sockets lie. */
  readonly folder: string
  readonly settings: ExportSettings
  readonly now: Now
  readonly log: Log
  /** The session of that id, while it may be read. */
  readonly find: (id: string) => Promise<Session | undefined>
}

export interface Entrances {
  open(session: Session, record: ExportSessionRecord): Promise<OpenedExport>
  close(): Promise<void>
}

export function openEntrances({ folder, settings, now, log, find }: EntranceParts): Entrances {
  const clients = connections(log)
  const idOf = new Map<string, string>()
  let port: Promise<TlsListener> | undefined

  const bySecret = async (name: string): Promise<Session | undefined> => {
    const id = idOf.get(digestOf(name))
    return id === undefined ? undefined : find(id)
  }
  /** Opened when the first session needs it. */
  const thePort = async (): Promise<TlsListener> => {
    port ??= listenTls(settings, now(), (socket, secure) => clients.serve(socket, { find: bySecret, secure }))
    try {
      return await port
    } catch (error) {
      port = undefined // the next session tries again
      throw error
    }
  }

  return {
    async open(session, { id, listen, backupId }) {
      if (listen === 'tcp') {
        const { authority, certificate } = await thePort()
        const name = randomBytes(24).toString('base64url')
        idOf.set(digestOf(name), id)
        session.listener = { close: () => void idOf.delete(digestOf(name)) }
        return { uri: `nbds://${authority}/${name}`, name, certificate }
      }
      const path = join(folder, `${id}.sock`)
      // It is also the default export: there is no other at this socket.
      const byName = async (name: string) => (['', backupId].includes(name) ? find(id) : undefined)
      session.listener = await listenUnix(path, socket => clients.serve(socket, { names: [backupId], find: byName }))
      return { uri: `nbd+unix:///${backupId}?socket=${encodeURIComponent(path)}`, name: backupId }
    },
    async close() {
      const listener = await port
      listener?.close()
      clients.cutOff()
    },
  }
}

/** Found by this, so that looking one up takes no longer for one that is nearly right. */
const digestOf = (name: string): string => createHash('sha256').update(name).digest('base64')
