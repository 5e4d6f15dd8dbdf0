import type { Socket } from 'node:net'
import { ConnectionEnded } from '../nbd-wire/byte-stream.ts'
import type { Log } from '../ports/log.ts'
import { negotiate, type Served, type Welcome } from './negotiate.ts'
import { serveRequests } from './serve-requests.ts'

/** A session as its connections see it. */
export interface Joinable extends Served {
  /** Counts the connection in until `ended`; false: the session has ended, or has enough of them. */
  join(socket: Socket, ended: Promise<void>): boolean
}

/** As `Welcome`, for sessions that count their connections. */
export interface Entrance extends Omit<Welcome, 'find'> {
  find(name: string): Promise<Joinable | undefined>
}

/** Milliseconds for TLS and handshake. */
const HANDSHAKE_MS = 15_000
/** Milliseconds without a request after which a connection is given up. */
const IDLE_MS = 3_600_000
/** Of the whole process, those in the handshake included. */
const MOST_CONNECTIONS = 128

export interface Connections {
  /** Serves a client until it leaves; never rejects. */
  serve(socket: Socket, entrance: Entrance): Promise<void>
  /** All of them. */
  cutOff(): void
}

export function connections(log: Log): Connections {
  const open = new Set<Socket>()

  const talk = async (socket: Socket, entrance: Entrance): Promise<void> => {
    const late = setTimeout(() => socket.destroy(), HANDSHAKE_MS)
    let joined: Joinable | undefined
    const find = async (name: string) => {
      joined = await entrance.find(name)
      return joined
    }
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    try {
      const agreed = await negotiate(socket, { ...entrance, find })
      clearTimeout(late)
      if (agreed === undefined || !joined?.join(socket, ended)) return
      socket.setTimeout(IDLE_MS, () => socket.destroy())
      await serveRequests(agreed, log)
    } finally {
      clearTimeout(late)
      end()
    }
  }

  return {
    async serve(socket, entrance) {
      socket.on('error', () => socket.destroy())
      if (open.size >= MOST_CONNECTIONS) {
        socket.destroy()
        return
      }
      open.add(socket)
      try {
        await talk(socket, entrance)
      } catch (error) {
        if (!(error instanceof ConnectionEnded)) log.warn({ err: error }, 'an export client was cut off')
      } finally {
        open.delete(socket)
        socket.destroySoon()
      }
    },
    cutOff() {
      for (const socket of open) socket.destroy()
    },
  }
}
