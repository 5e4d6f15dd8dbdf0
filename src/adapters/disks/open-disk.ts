/**
 * Opening what a disk's path names. Tenants' own processes may write in the folder where a disk image lies, so a symbolic
 * link in its place is not followed (it would back up, or overwrite, any file this process can reach); links in /dev are
 * the system's, and the lasting names of devices. What is neither a file nor a block device is refused unopened.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { isAbsolute, normalize } from 'node:path'
import { Fault } from '../../ports/fault.ts'

export interface OpenDisk {
  readonly handle: FileHandle
  readonly sizeBytes: number
  readonly block: boolean
  readonly path: string
}

/** What tells that two paths name one disk. */
export function identityOf(stats: Stats): string {
  return stats.isBlockDevice() ? `device ${stats.rdev}` : `file ${stats.dev} ${stats.ino}`
}

/** Throws a Fault for what can be no disk, and the system's error where there is nothing. */
export async function look(path: string): Promise<Stats> {
  if (!isAbsolute(path) || normalize(path) !== path || path.includes('\0'))
    throw new Fault('denied', `not the absolute path of a disk: ${JSON.stringify(path)}`)
  const found = await (mayBeLink(path) ? stat(path) : lstat(path))
  if (found.isSymbolicLink())
    throw new Fault('denied', `${path} is a symbolic link; a disk is named by the path of the file itself`)
  if (!found.isFile() && !found.isBlockDevice())
    throw new Fault('unreadable', `${path} is neither a file nor a block device`)
  return found
}

/** `seen` is what `look` saw: another disk that has taken the path meanwhile is a Fault `changed`. */
export async function openDisk(path: string, seen: Stats, mode: 'read' | 'write'): Promise<OpenDisk> {
  const { O_RDONLY, O_RDWR, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
  const block = seen.isBlockDevice()
  // On a block device O_EXCL means: not while it is mounted, or another has it so.
  const access = mode === 'read' ? O_RDONLY : block ? O_RDWR | O_EXCL : O_RDWR
  const handle = await open(path, access | O_NONBLOCK | (mayBeLink(path) ? 0 : O_NOFOLLOW))
  try {
    const now = await handle.stat()
    if (identityOf(now) !== identityOf(seen)) throw new Fault('changed', `${path} became another disk while opening it`)
    return { handle, block, path, sizeBytes: block ? await deviceSize(handle) : now.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Whether the disk has this many bytes, and not one more. */
export async function hasSize(disk: OpenDisk): Promise<boolean> {
  if (!disk.block) return (await disk.handle.stat()).size === disk.sizeBytes
  const last = disk.sizeBytes === 0 || (await hasByte(disk.handle, disk.sizeBytes - 1))
  return last && !(await hasByte(disk.handle, disk.sizeBytes))
}

function mayBeLink(path: string): boolean {
  return path.startsWith('/dev/')
}

/** A device's own size is nowhere in its status; how far it can be read is the same on every system. */
async function deviceSize(handle: FileHandle): Promise<number> {
  let beyond = 1
  while (await hasByte(handle, beyond - 1)) beyond *= 2
  let [least, most] = [Math.floor(beyond / 2), beyond - 1]
  while (least < most) {
    const middle = least + Math.ceil((most - least) / 2)
    if (await hasByte(handle, middle - 1)) least = middle
    else most = middle - 1
  }
  return least
}

async function hasByte(handle: FileHandle, offset: number): Promise<boolean> {
  return (await handle.read(Buffer.alloc(1), 0, 1, offset)).bytesRead === 1
}
