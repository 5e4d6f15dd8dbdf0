/**
 * What this machine remembers of the disks it has backed up: a fingerprint of every chunk (gmac.ts), so that the next backup
 * takes over the hash of a chunk that is as it was; that is a sixth of the time of hashing it again. The key follows from
 * the realm's and the fingerprints stay here, so nobody can make a content that is taken for another.
 *
 * All of it is a cache, in files named by realm and digest, 64 bytes per MiB of disk. None is synced: a fingerprint that
 * is missing, torn, or of other keys agrees with no content, and then the chunk is hashed. Nothing here fails a backup.
 */
import { hkdfSync } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../ports/log.ts'
import { systemCode } from '../ports/system-fault.ts'
import { CHUNKS_PER_PAGE } from './chunk.ts'
import { GMAC_BYTES } from './gmac.ts'

const PAGE_BYTES = CHUNKS_PER_PAGE * GMAC_BYTES

export interface ChunkPrints {
  /** `digest` is that of the backup before, whose fingerprints may be remembered. */
  begin(realm: PrintedRealm, digest: string | undefined): Promise<DiskPrints>
}

export interface PrintedRealm {
  readonly name: string
  readonly naming: Uint8Array
}

/** The fingerprints of one disk while it is backed up. */
export interface DiskPrints extends AsyncDisposable {
  readonly key: Uint8Array
  /** What the backup before had in this page, zeros where that is not known; undefined when nothing is. */
  before(page: number): Promise<Uint8Array | undefined>
  /** Those of the new backup; zeros where they are not known. */
  put(page: number, prints: Uint8Array): Promise<void>
  /** The new backup has this digest: to be remembered. What is not kept is dropped with the rest. */
  keep(digest: string): Promise<void>
}

export interface PrintOptions {
  readonly folder: string
  readonly log: Log
  /** Of all files together; those not used for longest go first. */
  readonly mostBytes?: number
}

/** Of 16 TiB of disks. */
const MOST_BYTES = 2 ** 30

export function chunkPrints({ folder, log, mostBytes = MOST_BYTES }: PrintOptions): ChunkPrints {
  const pathOf = (realm: PrintedRealm, digest: string): string => join(folder, `${realm.name}.${digest}`)
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      log.warn({ err: error }, `fingerprints of chunks cannot be kept in ${folder}: more is hashed than has changed`)
      return undefined
    }
  }
  return {
    async begin(realm, digest) {
      const temporary = join(folder, `new-${crypto.randomUUID()}`)
      const old = digest === undefined ? undefined : await attempt(() => openUsed(pathOf(realm, digest)))
      let fresh = await attempt(() => openNew(folder, temporary))
      const drop = async (): Promise<void> => {
        await fresh?.close()
        fresh = undefined
        await rm(temporary, { force: true })
      }
      return {
        key: new Uint8Array(hkdfSync('sha256', realm.naming, '', 'opencbr/1/fingerprints', 32)),
        before: async page => old && (await attempt(() => readPrints(old, page))),
        async put(page, prints) {
          const into = fresh
          if (into === undefined || prints.every(byte => byte === 0)) return
          const written = await attempt(() => into.write(prints, 0, prints.length, page * PAGE_BYTES))
          if (written?.bytesWritten !== prints.length) await attempt(drop)
        },
        async keep(by) {
          if (fresh === undefined) return
          await attempt(async () => {
            await rename(temporary, pathOf(realm, by))
            await dropOldest(folder, mostBytes)
          })
        },
        async [Symbol.asyncDispose]() {
          await attempt(drop)
          await attempt(async () => old?.close())
        },
      }
    },
  }
}

/** Marks it as used, too. */
async function openUsed(path: string): Promise<FileHandle | undefined> {
  try {
    const now = new Date()
    await utimes(path, now, now)
    return await open(path, 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function openNew(folder: string, path: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return await open(path, 'wx', 0o600)
}

async function readPrints(file: FileHandle, page: number): Promise<Uint8Array> {
  const prints = new Uint8Array(PAGE_BYTES)
  await file.read(prints, 0, PAGE_BYTES, page * PAGE_BYTES)
  return prints
}

async function dropOldest(folder: string, mostBytes: number): Promise<void> {
  const files: { readonly path: string; readonly bytes: number; readonly used: number }[] = []
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { size, mtimeMs } = await stat(path)
    files.push({ path, bytes: size, used: mtimeMs })
  }
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  for (const file of files.sort((a, b) => a.used - b.used)) {
    if (bytes <= mostBytes) return
    await rm(file.path, { force: true })
    bytes -= file.bytes
  }
}
