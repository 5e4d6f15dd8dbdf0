/** The folder of one machine, where it keeps what its guest overwrites during a backup, and listens for the reader. */
import { lchown, mkdir, open, readdir, rmdir, stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../ports/fault.ts'
import { systemCode, systemFault } from '../../ports/system-fault.ts'

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
    await removeFlat(folder)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { uid, gid } = await stat(monitor)
    const asRoot = process.getuid?.() === 0
    for (let place = 0; place < places; place += 1) {
      await using handle = await open(file(place), 'wx', 0o600)
      if (asRoot) await handle.chown(uid, gid)
    }
    // Last: from then on the machine decides what is in there, so that no name in it is to be trusted.
    if (asRoot) await lchown(folder, uid, gid)
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
    remove: () => removeFlat(folder),
  }
}

/**
 * What a machine can put names into is not removed recursively, where one could turn into a link to elsewhere midway.
 * Missing is fine; a folder in it is an error.
 */
async function removeFlat(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) await unlink(join(folder, name))
    await rmdir(folder)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
