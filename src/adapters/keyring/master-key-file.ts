/**
 * The file that holds the master key: one line of JSON, mode 0600. Without a passphrase it holds the key itself; with
 * one, the key sealed by AES-256-GCM under scrypt(passphrase, salt). Specified in docs/keys.md.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../../ports/fault.ts'
import { systemCode, systemFault } from '../../ports/system-fault.ts'

const format = 'opencbr-master-key'
const version = 1
// 128 MiB and about half a second per guess; the parameters stand in the file, so that they can grow.
const cost = { n: 2 ** 17, r: 8, p: 1 }
const mostMemory = 1024 * 1024 * 1024

export interface MasterKeyFile {
  readonly key: Buffer
  /** Whether a passphrase protects it. */
  readonly wrapped: boolean
}

/** The key in the file; undefined when there is no file. Fault `denied`: no passphrase, or a wrong one. */
export async function readMasterKey(file: string, passphrase: string | undefined): Promise<MasterKeyFile | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw systemFault(`cannot read the master key`, error)
  }
  const found = parse(file, text)
  if (found.protection === 'none') return { key: Buffer.from(found.key, 'base64'), wrapped: false }
  if (passphrase === undefined)
    throw new Fault('denied', `the master key in ${file} is wrapped by a passphrase, and none is configured`)
  return { key: await unwrap(file, found, passphrase), wrapped: true }
}

/**
 * Writes a key file, durable when it resolves. `new`: false when another process's file was there first, which stays;
 * `replace`: puts it in the place of the one that is there.
 */
export async function writeMasterKey(
  file: string,
  key: Buffer,
  passphrase: string | undefined,
  how: 'new' | 'replace',
): Promise<boolean> {
  const text = JSON.stringify(passphrase === undefined ? bare(key) : await wrap(key, passphrase))
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    return await writeAside(file, `${text}\n`, how)
  } catch (error) {
    throw systemFault('cannot write the master key', error)
  }
}

async function writeAside(file: string, text: string, how: 'new' | 'replace'): Promise<boolean> {
  const temporary = `${file}.${crypto.randomUUID()}.tmp`
  try {
    await using handle = await open(temporary, 'wx', 0o600)
    await handle.writeFile(text)
    await handle.sync()
    if (how === 'new') await link(temporary, file)
    else await rename(temporary, file)
    await using folder = await open(dirname(file), 'r')
    await folder.sync()
    return true
  } catch (error) {
    if (how === 'new' && systemCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

interface Bare {
  readonly protection: 'none'
  readonly key: string
}

interface Wrapped {
  readonly protection: 'passphrase'
  readonly kdf: 'scrypt'
  readonly n: number
  readonly r: number
  readonly p: number
  readonly salt: string
  readonly nonce: string
  readonly sealed: string
}

function bare(key: Buffer): Bare & { format: string; version: number } {
  return { format, version, protection: 'none', key: key.toString('base64') }
}

async function wrap(key: Buffer, passphrase: string): Promise<Wrapped & { format: string; version: number }> {
  const salt = randomBytes(16)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', await stretch(passphrase, salt, cost), nonce)
  const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
  const text = { salt: salt.toString('base64'), nonce: nonce.toString('base64'), sealed: sealed.toString('base64') }
  return { format, version, protection: 'passphrase', kdf: 'scrypt', ...cost, ...text }
}

async function unwrap(file: string, found: Wrapped, passphrase: string): Promise<Buffer> {
  const sealed = Buffer.from(found.sealed, 'base64')
  const key = await stretch(passphrase, Buffer.from(found.salt, 'base64'), found)
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(found.nonce, 'base64'), { authTagLength: 16 })
  decipher.setAuthTag(sealed.subarray(32))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, 32)), decipher.final()])
  } catch (error) {
    throw new Fault('denied', `the passphrase does not open the master key in ${file}`, { cause: error })
  }
}

function stretch(passphrase: string, salt: Buffer, { n, r, p }: typeof cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer): void => (error ? reject(error) : resolve(key))
    scrypt(passphrase.normalize('NFC'), salt, 32, { N: n, r, p, maxmem: mostMemory }, done)
  })
}

/** A file that this program did not write, or that was cut or changed, is a Fault `corrupt`. */
function parse(file: string, text: string): Bare | Wrapped {
  const corrupt = (why: string): Fault => new Fault('corrupt', `${file} is no master key file: ${why}`)
  let found: Partial<Record<string, unknown>>
  try {
    found = Object(JSON.parse(text))
  } catch (error) {
    throw new Fault('corrupt', `${file} is no master key file: it is not JSON`, { cause: error })
  }
  if (found.format !== format) throw corrupt('its format is another')
  if (found.version !== version) throw corrupt(`its version is ${JSON.stringify(found.version)}, not ${version}`)
  if (found.protection === 'none' && has(found.key, 32)) return { protection: 'none', key: String(found.key) }
  const { kdf, n, r, p, salt, nonce, sealed } = found
  const sound = kdf === 'scrypt' && fits(n, 2 ** 20) && fits(r, 32) && fits(p, 16) && 128 * n * r <= mostMemory / 2
  if (found.protection === 'passphrase' && sound && has(salt, 16) && has(nonce, 12) && has(sealed, 48))
    return { protection: 'passphrase', kdf, n, r, p, salt, nonce, sealed }
  throw corrupt('a part is missing, or has not the length it should have')
}

function has(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && Buffer.from(value, 'base64').length === bytes
}

function fits(value: unknown, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most
}
