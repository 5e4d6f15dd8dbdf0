import type { Account } from './directory.ts'
import type { IdentityRows, StoredCredential } from './identity-rows.ts'
import { hashPassword, madeAt, type PasswordCost, passwordMatches } from './password.ts'

/**
 * Brings the stored hash of a user's password in step with the settings when the user is first heard of in this
 * process: a password that has changed is hashed anew and ends the tokens made under the old one, one that has not is
 * left alone. At the start nothing is hashed, so starting does not take longer the more users there are.
 */
export type CredentialOf = (account: Account) => Promise<StoredCredential>

export function openCredentials(rows: IdentityRows, cost: PasswordCost): CredentialOf {
  const settled = new Map<string, Promise<StoredCredential>>()
  return account => {
    const { id } = account.user
    const known = settled.get(id)
    if (known) return known
    const settling = settle(account, rows, cost)
    settled.set(id, settling)
    // A failure is told to who asked; the next one tries again.
    settling.catch(() => settled.delete(id))
    return settling
  }
}

async function settle({ user, password }: Account, rows: IdentityRows, cost: PasswordCost): Promise<StoredCredential> {
  const stored = rows.credential(user.id) ?? { hash: null, generation: 0 }
  const same = await isSame(password, stored.hash)
  if (same && (stored.hash === null || madeAt(stored.hash, cost))) return stored
  const hash = password === undefined ? null : await hashPassword(password, cost)
  const changed = { hash, generation: same ? stored.generation : stored.generation + 1 }
  rows.putCredential(user.id, changed)
  return changed
}

async function isSame(password: string | undefined, hash: string | null): Promise<boolean> {
  if (password === undefined || hash === null) return password === undefined && hash === null
  return passwordMatches(password, hash)
}
