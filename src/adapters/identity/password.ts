import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** What one guess costs; written into each hash, so that a change of it needs no one's password. */
export interface PasswordCost {
  readonly memoryKib: number
  readonly passes: number
}

/** OWASP's floor for argon2id with one lane; about 40 ms of one core here. */
export const usualCost: PasswordCost = { memoryKib: 19_456, passes: 2 }

const derive = promisify(argon2)
const hashBytes = 32

/** Argon2id as a PHC string (`$argon2id$v=19$m=...,t=...,p=1$salt$hash`), computed in the thread pool. */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(16)
  return phcString(cost, salt, await deriveHash(password, salt, cost))
}

/** Compares in constant time; a hash of another form never matches. */
export async function passwordMatches(password: string, phc: string): Promise<boolean> {
  const read = readPhc(phc)
  return read !== undefined && timingSafeEqual(await deriveHash(password, read.salt, read.cost), read.hash)
}

/** Whether the hash was made at this cost. */
export function madeAt(phc: string, cost: PasswordCost): boolean {
  const read = readPhc(phc)
  return read?.cost.memoryKib === cost.memoryKib && read.cost.passes === cost.passes
}

/** A hash that no password is known for: checked in place of a user's that does not exist, so that it takes as long. */
export function nobodysHash(cost: PasswordCost): string {
  return phcString(cost, randomBytes(16), randomBytes(hashBytes))
}

/** Unicode has several spellings of one text, and keyboards differ in which one they send. */
function deriveHash(password: string, salt: Uint8Array, { memoryKib, passes }: PasswordCost): Promise<Buffer> {
  return derive('argon2id', {
    message: Buffer.from(password.normalize('NFC')),
    nonce: salt,
    parallelism: 1,
    tagLength: hashBytes,
    memory: memoryKib,
    passes,
  })
}

function phcString({ memoryKib, passes }: PasswordCost, salt: Buffer, hash: Buffer): string {
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${base64(salt)}$${base64(hash)}`
}

function readPhc(phc: string) {
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc)
  if (!found) return undefined
  const [, memory, passes, salt = '', hash = ''] = found
  const hashRead = Buffer.from(hash, 'base64')
  if (hashRead.length !== hashBytes) return undefined
  return {
    cost: { memoryKib: Number(memory), passes: Number(passes) },
    salt: Buffer.from(salt, 'base64'),
    hash: hashRead,
  }
}
