import type { Writable } from 'node:stream'
import { ConnectionEnded } from './byte-stream.ts'

/**
 * Sends messages whole and one after another, as fast as the other side takes them: resolves when the next one may
 * follow. A side that takes nothing for `patience` milliseconds is cut off.
 */
export type Send = (...parts: readonly Uint8Array[]) => Promise<void>

export function sender(socket: Writable, patience: number): Send {
  let before: Promise<void> = Promise.resolve()
  const sendNow = async (parts: readonly Uint8Array[]): Promise<void> => {
    if (socket.destroyed || socket.writableEnded) throw new ConnectionEnded(socket.errored)
    socket.cork()
    const room = parts.map(part => socket.write(part)).every(Boolean)
    socket.uncork()
    if (!room && socket.writableNeedDrain) await drained(socket, patience)
  }
  return (...parts) => {
    const sent = before.then(() => sendNow(parts))
    before = sent.catch(() => undefined)
    return sent
  }
}

function drained(socket: Writable, patience: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`nothing was taken for ${patience} ms`)), patience)
    const settle = () => {
      clearTimeout(timer)
      socket.off('drain', settle).off('close', settle)
      if (socket.destroyed) reject(new ConnectionEnded(socket.errored))
      else resolve()
    }
    socket.on('drain', settle).on('close', settle)
  })
}
