/**
 * Sealing: AES-256-GCM under a key of the object's own, so that a nonce need only be unique within one object. The
 * nonce is a space (what kind of part) and a number (which one); docs/format.md section 3.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { ObjectKind } from './object-header.ts'

export const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/** What a sealed part of an object is; the first half of its nonce. */
export const space = { chunk: 0, table: 1, directory: 2, rows: 3, body: 4 } as const
export type Space = (typeof space)[keyof typeof space]

/** The key of one object: HKDF-SHA-256 of the realm's sealing key, salted with the object's id. */
export function objectKey(sealing: Uint8Array, kind: ObjectKind, id: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', sealing, id, `opencbr/1/${kind}`, 32))
}

export interface SealOf {
  readonly key: Uint8Array
  readonly space: Space
  readonly number: number
  /** Authenticated with the bytes, not stored with them. */
  readonly about: Uint8Array
}

/** Ciphertext and then the tag: `plain.length + TAG_BYTES` in all. */
export function seal(of: SealOf, plain: Uint8Array): readonly [Buffer, Buffer] {
  const cipher = createCipheriv(CIPHER, of.key, nonce(of), { authTagLength: TAG_BYTES })
  cipher.setAAD(of.about)
  const sealed = cipher.update(plain)
  cipher.final()
  return [sealed, cipher.getAuthTag()]
}

/** The plain bytes; undefined when they are not what was sealed. */
export function unseal(of: SealOf, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, of.key, nonce(of), { authTagLength: TAG_BYTES })
  decipher.setAAD(of.about)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined // the one thing final() checks is the tag
  }
  return plain
}

function nonce(of: SealOf): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, of.space)
  view.setUint32(8, of.number)
  return bytes
}
