import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { LogInMethod } from '../../ports/identity-service.ts'

/**
 * A token is its own record: what it stands for, sealed with AES-256-GCM, in base64url (about 350 characters). Only the
 * key's holder can make or read one, so nothing is stored per token. Layout: nonce (12) | ciphertext of the claims as JSON | tag (16).
 */
export interface TokenClaims {
  readonly userId: string
  readonly scope: { readonly kind: 'project' | 'domain'; readonly id: string } | { readonly kind: 'none' }
  readonly methods: readonly LogInMethod[]
  /** Milliseconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** Its own, then the first one's of its chain. */
  readonly auditIds: readonly string[]
  /** Of the user's credential when the token was made. */
  readonly generation: number
}

export interface TokenSeal {
  seal(claims: TokenClaims): string
  /** Undefined for anything that this key did not seal. */
  open(token: string): TokenClaims | undefined
}

const nonceBytes = 12
const tagBytes = 16
/** Sealed along: bytes of another form under the same key are not a token. */
const purpose = Buffer.from('opencbr token, form 1')
const longestToken = 2048

export function openTokenSeal(key: Uint8Array): TokenSeal {
  return {
    seal(claims) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(purpose)
      const sealed = [nonce, cipher.update(JSON.stringify(claims)), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(sealed).toString('base64url')
    },
    open(token) {
      if (token.length > longestToken) return undefined
      const bytes = Buffer.from(token, 'base64url')
      // Node skips what is not base64url: without this one token would have endless spellings.
      if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== token) return undefined
      const opened = unseal(key, bytes)
      return opened && (JSON.parse(opened.toString()) as TokenClaims)
    },
  }
}

function unseal(key: Uint8Array, bytes: Buffer): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(purpose).setAuthTag(bytes.subarray(-tagBytes))
  const plain = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    // The tag does not fit. Node tells that with a plain Error, which nothing else can cause here.
    return undefined
  }
}
