/** A disk image of the client's becomes a backup: sent in pieces, each durable when it is answered. */
import { type FileHandle, open } from 'node:fs/promises'
import { type Import, type ImportedBackup, type ImportFormat, LARGEST_PIECE } from '../contract/opencbr-api.ts'
import type { Cbr } from './cbr.ts'
import { contentDigest } from './content-digest.ts'
import { advised, ClientFailure, mayPass } from './failures.ts'
import { fill, onDisk, rawDisk } from './files.ts'

export interface ImageFile {
  readonly path: string
  /** Of the import, and later of the disk. */
  readonly name: string
  readonly format: ImportFormat
  /** An import that broke off. */
  readonly resume?: string | undefined
}

const IMPORTS = '/opencbr/v1/{project_id}/imports'
/** How often a piece is sent anew without anything arriving. */
const MOST_TRIES = 5
const PAUSE_MS = 1000

type Sent = (state: Import) => void

/** All of the file has arrived when it resolves. `tell` hears how much has. */
export async function uploadImage(cbr: Cbr, image: ImageFile, tell: Sent): Promise<Import> {
  return onDisk(async () => {
    await using handle = await open(image.path, 'r')
    const { size, mtimeMs } = await handle.stat()
    const begun = await beginOrResume(cbr, image, size)
    const sent = await advised(`go on with the same command and --resume ${begun.id}`, () =>
      sendAll(cbr, handle, begun, tell),
    )
    const now = await handle.stat()
    if (now.mtimeMs === mtimeMs && now.size === size) return sent
    await cbr.ask('DELETE', `${IMPORTS}/${sent.id}`)
    throw new ClientFailure(`${image.path} changed while it was sent`, {
      next: 'stop what writes to it, and begin anew',
    })
  })
}

/** The digest that the backup of a raw image must have. */
export async function digestOfFile(path: string, tell: (bytes: number, of: number) => void): Promise<string> {
  return onDisk(async () => {
    await using handle = await open(path, 'r')
    const { size } = await handle.stat()
    return await contentDigest(rawDisk(handle, size), bytes => tell(bytes, size))
  })
}

/** What has been sent stays for a week when this is refused. */
export const backUpImport = (cbr: Cbr, id: string, order: BackupOrder): Promise<ImportedBackup> =>
  advised(`mend it, then go on with the same command and --resume ${id}`, () =>
    cbr.ask('POST', `${IMPORTS}/${id}/backup`, order),
  )

interface BackupOrder {
  readonly vault_id: string
  readonly name?: string
  readonly description?: string
}

async function beginOrResume(cbr: Cbr, { path, name, format, resume }: ImageFile, size: number): Promise<Import> {
  if (resume === undefined) {
    const order = { name, format, size_bytes: size }
    return (await cbr.ask<{ import: Import }>('POST', IMPORTS, order)).import
  }
  const begun = await look(cbr, resume)
  if (begun.size_bytes === size) return begun
  throw new ClientFailure(`${path} has ${size} bytes; the import ${resume} is of ${begun.size_bytes}`)
}

const look = async (cbr: Cbr, id: string): Promise<Import> =>
  (await cbr.ask<{ import: Import }>('GET', `${IMPORTS}/${id}`)).import

async function sendAll(cbr: Cbr, handle: FileHandle, begun: Import, tell: Sent): Promise<Import> {
  const { id, size_bytes: size } = begun
  let state = begun
  for (let failures = 0; state.received_bytes < size; ) {
    tell(state)
    try {
      if (failures > 0) state = await look(cbr, id) // the piece may have arrived all the same
      if (state.received_bytes < size) state = await sendPiece(cbr, handle, state)
      failures = 0
    } catch (error) {
      failures += 1
      if (!mayPass(error) || failures > MOST_TRIES) throw error
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
  tell(state)
  return state
}

async function sendPiece(
  cbr: Cbr,
  handle: FileHandle,
  { id, received_bytes: at, size_bytes: size }: Import,
): Promise<Import> {
  const piece = Buffer.alloc(Math.min(LARGEST_PIECE, size - at))
  await fill(handle, piece, at)
  return (await cbr.ask<{ import: Import }>('PATCH', `${IMPORTS}/${id}?offset=${at}`, piece)).import
}
