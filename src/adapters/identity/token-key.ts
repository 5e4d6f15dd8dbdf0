import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../../ports/fault.ts'
import { systemCode, systemFault } from '../../ports/system-fault.ts'

const keyBytes = 32

/**
 * The key that seals tokens: 32 random bytes in a file of mode 0600, made at the first start. Removing the file ends all
 * tokens. Faults: `corrupt` when the file holds something else, and what the file system says.
 */
export function openTokenKey(file: string): Uint8Array {
  try {
    return readKey(file) ?? makeKey(file)
  } catch (error) {
    throw systemFault(`cannot read or make the token key ${file}`, error)
  }
}

function readKey(file: string): Uint8Array | undefined {
  try {
    const key = readFileSync(file)
    if (key.length !== keyBytes)
      throw new Fault('corrupt', `${file} is not a token key: it has ${key.length} bytes, not 32`)
    return key
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Linked into place when it is whole and durable, so that no crash leaves half a key; who comes second takes the first's. */
function makeKey(file: string): Uint8Array {
  const key = randomBytes(keyBytes)
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    writeDurably(draft, key)
    linkSync(draft, file)
    syncFolder(dirname(file))
    return key
  } catch (error) {
    const theirs = systemCode(error) === 'EEXIST' ? readKey(file) : undefined
    if (theirs) return theirs
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeDurably(file: string, bytes: Uint8Array): void {
  const fd = openSync(file, 'wx', 0o600)
  try {
    writeSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
