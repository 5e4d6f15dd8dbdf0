/** The folder of one machine, where it keeps what its guest overwrites during a backup, and listens for the reader. */
import { chown, mkdir, open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../ports/fault.ts'
import { systemFault } from '../../ports/system-fault.ts'

export interface Room {
  readonly socket: string
  file(place: number): string
  /** Bytes that are free there. */
  free(): Promise<number>
  remove(): Promise<void>
}

/** What the system takes for a socket's name, the zero at its end included. */
const LONGEST_SOCKET = 108

/** Empty, whatever was there; its files belong to whom the monitor's socket does, so that a machine can open them. */
export async function makeRoom(folder: string, monitor: string, places: number): Promise<Room> {
  const socket = join(folder, 'nbd')
  if (Buffer.byteLength(socket) >= LONGEST_SOCKET)
    throw new Fault('denied', `${socket} is too long for a socket; name a shorter machinesFolder`)
  const file = (place: number) => join(folder, `overwritten-${place}.qcow2`)
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { uid, gid } = await stat(monitor)
    const hand = async (path: string) => {
      if (process.getuid?.() === 0) await chown(path, uid, gid)
    }
    await hand(folder)
    for (let place = 0; place < places; place += 1) {
      await (await open(file(place), 'wx', 0o600)).close()
      await hand(file(place))
    }
  } catch (error) {
    throw systemFault(`cannot make ${folder} for a machine`, error)
  }
  return {
    socket,
    file,
    async free() {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
