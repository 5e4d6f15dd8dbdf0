/**
 * Secrets sealed by AES-256-GCM, under a key made by HKDF-SHA-256 of the project's sealing key: base64url of
 * nonce (12) | ciphertext | tag (16). Who destroys the project's keys destroys them too.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Fault } from '../../ports/fault.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { SecretOf, Secrets } from '../../ports/secrets.ts'

const CIPHER = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

export function realmSecrets(keyring: Keyring): Secrets {
  const keyOf = async ({ projectId }: SecretOf) => {
    const { sealing } = await keyring.open(projectId)
    return new Uint8Array(hkdfSync('sha256', sealing, '', 'opencbr/1/secret', 32))
  }
  return {
    make: () => randomBytes(32).toString('base64url'),
    async seal(of, secret) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(CIPHER, await keyOf(of), nonce).setAAD(Buffer.from(of.about))
      return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString('base64url')
    },
    async open(of, sealed) {
      return unseal(await keyOf(of), of.about, Buffer.from(sealed, 'base64url'))
    },
  }
}

function unseal(key: Uint8Array, about: string, bytes: Buffer): string {
  const corrupt = (cause?: unknown) => new Fault('corrupt', `the secret of ${about} cannot be opened`, { cause })
  if (bytes.length <= nonceBytes + tagBytes) throw corrupt()
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString()
  } catch (error) {
    throw corrupt(error)
  }
}
