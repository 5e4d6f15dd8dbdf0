/**
 * Objects as files: `<folder>/objects/<key>`. One is written under a name of its own in `<folder>/writing`, synced,
 * renamed to its key (`put`) or linked to it (`putNew`), and the folder synced: what stands under a key is whole, and
 * what a crash leaves is in `writing`, until it is swept. Several processes may share the folder.
 */
import { type FileHandle, link, lstat, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Fault } from '../../ports/fault.ts'
import type { ObjectStore, StoredObject } from '../../ports/object-store.ts'
import { systemCode, systemFault } from '../../ports/system-fault.ts'
import { durableFolders, syncFolder } from './durable-folders.ts'
import { checkKey, checkPrefix, checkRange } from './key.ts'
import { listFiles } from './list-files.ts'
import { type OpenFile, openFiles } from './open-files.ts'
import { type Forget, findForget } from './page-cache.ts'

const filesKeptOpen = 32

/**
 * What is at least this large (packs) is let go of by the system once it is durable: a backup would fill the machine's
 * memory with what is not read again soon.
 */
const forgottenBytes = 4 * 1024 * 1024

interface Folders {
  readonly objects: string
  readonly writing: string
}

/** Opens the store in `folder`, made if missing; Fault `denied` and so on when it cannot be used. */
export async function openFilesystemObjectStore(folder: string): Promise<ObjectStore> {
  const root = resolve(folder)
  const folders: Folders = { objects: join(root, 'objects'), writing: join(root, 'writing') }
  await at(`cannot open the object store in ${root}`, async () => {
    await mkdir(root, { recursive: true, mode: 0o700 })
    await syncFolder(dirname(root))
    const make = durableFolders(root)
    await make(folders.objects)
    await make(folders.writing)
  })
  return storeIn(folders, await findForget())
}

function storeIn(folders: Folders, forget: Forget): ObjectStore {
  const files = openFiles(filesKeptOpen)
  const makeFolder = durableFolders(folders.objects)
  const pathOf = (key: string): string => {
    checkKey(key)
    return join(folders.objects, key)
  }
  const place = (key: string, parts: readonly Uint8Array[], move: Move): Promise<boolean> =>
    at(`cannot write object ${key}`, async () => {
      const path = pathOf(key)
      await makeFolder(dirname(path))
      const placed = await writeAside({ folder: folders.writing, parts, forget }, temporary => move(temporary, path))
      await syncFolder(dirname(path))
      if (placed) await files.forget(path)
      return placed
    })
  const list = async function* (prefix: string): AsyncIterable<StoredObject> {
    checkPrefix(prefix)
    try {
      yield* listFiles(folders.objects, prefix)
    } catch (error) {
      throw systemFault(`cannot list objects under ${prefix}`, error)
    }
  }

  return {
    async put(key, parts) {
      await place(key, parts, renameInto)
    },
    putNew: (key, parts) => place(key, parts, linkInto),
    get: key => reading(key, () => readFile(pathOf(key))),
    getRange(key, offset, length) {
      checkRange(offset, length)
      return reading(key, () => files.use(pathOf(key), file => readRange(key, file, offset, length)))
    },
    list,
    remove: keys => at('cannot remove objects', () => removeFiles(keys.map(pathOf), files.forget)),
    async usage(prefix) {
      let sum = 0
      for await (const { bytes } of list(prefix)) sum += bytes
      return sum
    },
    sweepInterrupted: before =>
      at('cannot sweep interrupted writes', async () => {
        for (const name of await readdir(folders.writing)) await removeOlder(join(folders.writing, name), before)
      }),
    close: () => files.close(),
  }
}

async function at<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw systemFault(what, error)
  }
}

/** A folder is no object: to read one is to find none. */
async function reading<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (systemCode(error) === 'EISDIR') throw new Fault('missing', `there is no object ${key}`)
    throw systemFault(`cannot read object ${key}`, error)
  }
}

/** Gives the written file its name; false when the name is taken and stays so. */
type Move = (temporary: string, path: string) => Promise<boolean>

async function renameInto(temporary: string, path: string): Promise<boolean> {
  await rename(temporary, path)
  return true
}

async function linkInto(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !(await lstat(path)).isFile()) throw error
    await unlink(temporary)
    return false
  }
  await unlink(temporary)
  return true
}

interface Writing {
  readonly folder: string
  readonly parts: readonly Uint8Array[]
  readonly forget: Forget
}

async function writeAside({ folder, parts, forget }: Writing, move: (temporary: string) => Promise<boolean>) {
  const temporary = join(folder, crypto.randomUUID())
  try {
    await using handle = await open(temporary, 'wx', 0o600)
    await writeAll(handle, parts)
    await handle.datasync()
    if (parts.reduce((sum, { length }) => sum + length, 0) >= forgottenBytes) forget(handle.fd)
    return await move(temporary)
  } catch (error) {
    // The first error tells what is wrong; should the removal fail as well, the next start sweeps the file.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

async function writeAll(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let left = parts.filter(part => part.length > 0)
  while (left.length > 0) {
    let { bytesWritten } = await handle.writev(left)
    const whole = left.findIndex(part => {
      if (bytesWritten < part.length) return true
      bytesWritten -= part.length
      return false
    })
    left = whole < 0 ? [] : left.slice(whole)
    const [cut, ...rest] = left
    if (cut && bytesWritten > 0) left = [cut.subarray(bytesWritten), ...rest]
  }
}

async function readRange(key: string, file: OpenFile, offset: number, length: number): Promise<Buffer> {
  const missing = () => new Fault('corrupt', `object ${key} has not the ${length} bytes from ${offset}`)
  if (offset + length > file.bytes) throw missing()
  const into = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.handle.read(into, done, length - done, offset + done)
    if (bytesRead === 0) throw missing()
    done += bytesRead
  }
  return into
}

/** Another process may have finished with it meanwhile. */
async function removeOlder(path: string, before: Date): Promise<void> {
  const found = await lstat(path).catch(unlessNone)
  if (found && found.mtime < before) await rm(path, { force: true })
}

async function removeFiles(paths: readonly string[], forget: (path: string) => Promise<void>): Promise<void> {
  for (const path of paths) {
    await unlink(path).catch(unlessNone)
    await forget(path)
  }
  for (const folder of new Set(paths.map(path => dirname(path)))) await syncFolder(folder).catch(unlessNone)
}

/** To remove what is not there is fine; neither is a folder an object. */
function unlessNone(error: unknown): void {
  if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '')) throw error
}
