import type { Socket } from 'node:net'
import type { Joinable } from './connections.ts'
import type { ExportDisk } from './export-disk.ts'
import type { Listener } from './listeners.ts'

/** A session that this process serves; its row (ports/catalog/export-session.ts) decides whether it may. */
export interface Session extends Joinable {
  readonly openedAt: number
  /** A listener of its own, where it has one. */
  listener: Listener | undefined
  /** Whether its row has been there. */
  entered: boolean
  /** Cuts its clients off, waits until nothing of theirs is under way, and lets go of the disk. */
  end(): Promise<void>
}

/** Of one session; every connection may have some requests and read-ahead under way. */
const MOST_CONNECTIONS = 16

export function openSession(disk: ExportDisk, isAllowed: () => Promise<boolean>): Session {
  const clients = new Map<Socket, Promise<void>>()
  let ended = false
  const session: Session = {
    disk,
    openedAt: performance.now(),
    listener: undefined,
    entered: false,
    admits: async () => !ended && (await isAllowed()),
    join(socket, left) {
      if (ended || clients.size >= MOST_CONNECTIONS) return false
      clients.set(
        socket,
        left.finally(() => clients.delete(socket)),
      )
      return true
    },
    async end() {
      ended = true
      const leaving = [...clients.values()]
      for (const socket of clients.keys()) socket.destroy()
      session.listener?.close()
      await Promise.all(leaving)
      await disk.close()
    },
  }
  return session
}
