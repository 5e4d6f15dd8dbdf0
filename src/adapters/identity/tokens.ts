import type { Caller } from '../../ports/identity.ts'
import type { Grant } from '../../ports/identity-service.ts'
import type { Now } from '../../ports/now.ts'
import type { CredentialOf } from './credentials.ts'
import type { Directory } from './directory.ts'
import { callerOf, grantOf } from './grants.ts'
import type { IdentityRows } from './identity-rows.ts'
import type { TokenClaims, TokenSeal } from './token-seal.ts'

/**
 * Tokens in use. A token is looked into once and then known by its text, so that the check on every request is a map's
 * lookup, a clock and a set; accounts do not change while the process runs, and revocations are checked each time.
 */
export interface Tokens {
  issue(claims: TokenClaims): string
  find(token: string): Promise<KnownToken | undefined>
  /** Durable when it returns. */
  revoke(token: KnownToken): void
}

interface KnownToken {
  readonly claims: TokenClaims
  readonly grant: Grant
  readonly caller: Caller
}

interface Parts {
  readonly directory: Directory
  readonly rows: IdentityRows
  readonly seal: TokenSeal
  readonly credentialOf: CredentialOf
  readonly now: Now
}

/** Of these the callers are kept ready; about a kilobyte each. */
const mostKnown = 10_000

export function openTokens({ directory, rows, seal, credentialOf, now }: Parts): Tokens {
  const revoked = new Map(rows.revoked(now().getTime()))
  const known = new Map<string, KnownToken>()

  const lookInto = async (token: string): Promise<KnownToken | undefined> => {
    const claims = seal.open(token)
    const found = claims && grantOf(directory, claims)
    if (!claims || !found) return undefined
    const { generation } = await credentialOf(found.account)
    if (generation !== claims.generation) return undefined
    return { claims, grant: found.grant, caller: callerOf(found.account, found.grant.scope, 'token') }
  }
  const isOver = ({ claims: { expiresAt, auditIds } }: KnownToken): boolean =>
    expiresAt <= now().getTime() || revoked.has(auditIds[0] ?? '')

  return {
    issue: claims => seal.seal(claims),
    async find(token) {
      const ready = known.get(token)
      const found = ready ?? (await lookInto(token))
      if (!found) return undefined
      if (isOver(found)) {
        known.delete(token)
        return undefined
      }
      if (!ready) {
        known.set(token, found)
        const [oldest] = known.keys()
        if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
      }
      return found
    },
    revoke({ claims: { auditIds, expiresAt } }) {
      const at = now().getTime()
      const own = auditIds[0] ?? ''
      rows.revoke(own, expiresAt, at)
      revoked.set(own, expiresAt)
      // Nearly in order of expiry: what has expired stands first, and one that does not is met soon.
      for (const [auditId, end] of revoked) {
        if (end > at) break
        revoked.delete(auditId)
      }
    },
  }
}
