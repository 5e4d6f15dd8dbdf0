import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { LogIn, LogInMethod, NameInDomain, Session, WantedScope } from '../../ports/identity-service.ts'
import type { Log } from '../../ports/log.ts'
import type { Now } from '../../ports/now.ts'
import type { CredentialOf } from './credentials.ts'
import type { Account, Directory } from './directory.ts'
import type { Gate } from './gate.ts'
import { grantOf, onlyScope, type ScopeClaim } from './grants.ts'
import { nobodysHash, type PasswordCost, passwordMatches } from './password.ts'
import { openSlowDown } from './slow-down.ts'
import type { TokenClaims } from './token-seal.ts'
import type { Tokens } from './tokens.ts'

export interface LogInParts {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly credentialOf: CredentialOf
  readonly cost: PasswordCost
  readonly tokenMs: number
  readonly gate: Gate
  readonly now: Now
  readonly log: Log
}

/** What the new token takes over from how the user proved to be one. */
interface Proof {
  readonly account: Account
  readonly methods: readonly LogInMethod[]
  /** Absent: a token's whole life from now. */
  readonly expiresAt?: number
  /** The audit id that the chain of tokens began with. */
  readonly firstAuditId?: string | undefined
}

/**
 * A refusal takes at least this long, whatever it is for: how long the work took (a user heard of for the first time
 * since the start costs one hash more) tells nothing about who exists.
 */
const refusalMs = 400

/** `IdentityService.logIn`. */
export function openLogIn(parts: LogInParts): (request: LogIn) => Promise<Session | 'denied'> {
  const { directory, tokens, credentialOf, tokenMs, now } = parts
  const byPassword = openPasswordCheck(parts)
  const logIn = async ({ by, scope, source }: LogIn): Promise<Session | 'denied'> => {
    const proof =
      by.method === 'password'
        ? await byPassword(by.user, by.password, source)
        : await byToken(tokens, directory, by.token)
    const claimed = proof && claimOf(directory, proof.account, scope)
    if (!proof || !claimed) return 'denied'
    const own = randomBytes(16).toString('base64url')
    const issuedAt = now().getTime()
    const claims: TokenClaims = {
      userId: proof.account.user.id,
      scope: claimed,
      methods: proof.methods,
      issuedAt,
      expiresAt: proof.expiresAt ?? issuedAt + tokenMs,
      auditIds: proof.firstAuditId === undefined ? [own] : [own, proof.firstAuditId],
      generation: (await credentialOf(proof.account)).generation,
    }
    const found = grantOf(directory, claims)
    return found ? { token: tokens.issue(claims), grant: found.grant } : 'denied'
  }
  return async request => {
    const began = performance.now() // a duration: the house's clock may stand still in tests
    const session = await logIn(request)
    if (session === 'denied') await pause(began + refusalMs - performance.now())
    return session
  }
}

/** A token for another scope. It lives no longer than the one it is made from. */
async function byToken(tokens: Tokens, directory: Directory, token: string): Promise<Proof | undefined> {
  const known = await tokens.find(token)
  const account = known && directory.account({ id: known.claims.userId })
  if (!account) return undefined
  const { methods, expiresAt, auditIds } = known.claims
  return {
    account,
    methods: [...new Set<LogInMethod>(['token', ...methods])],
    expiresAt,
    firstAuditId: auditIds.at(-1),
  }
}

type PasswordCheck = (user: NameInDomain, password: string, source: string) => Promise<Proof | undefined>

/**
 * Slow-downs: of a user from one source after 5 failures (up to a quarter of an hour), of a source after 100 over all
 * users, of a user over all sources after 50. The last two wait a minute at most, so that nobody can lock another out
 * for long. What does not exist is slowed down and takes as long as what does.
 */
function openPasswordCheck({ directory, credentialOf, cost, gate, now, log }: LogInParts): PasswordCheck {
  const nobody = nobodysHash(cost)
  const ofUserAtSource = openSlowDown({ free: 5, longestMs: 15 * 60_000 })
  const ofSource = openSlowDown({ free: 100, longestMs: 60_000 })
  const ofUser = openSlowDown({ free: 50, longestMs: 60_000 })
  return (named, password, source) =>
    gate(async () => {
      const account = directory.account(named)
      const who = account?.user.id ?? JSON.stringify(named)
      const logged = account?.user.id ?? 'unknown' // the name may be a password in the wrong field
      const keys = [
        [ofUserAtSource, `${who} ${source}`],
        [ofSource, source],
        [ofUser, who],
      ] as const
      if (keys.some(([slowDown, key]) => slowDown.mustWait(key, now().getTime()))) {
        log.warn({ user: logged, source }, 'sign-in refused: too many failures before')
        return undefined
      }
      const hash = account && (await credentialOf(account)).hash
      const matches = await passwordMatches(password, hash ?? nobody)
      if (account?.user.enabled && matches) {
        ofUserAtSource.succeeded(`${who} ${source}`)
        ofUser.succeeded(who)
        return { account, methods: ['password'] }
      }
      for (const [slowDown, key] of keys) slowDown.failed(key, now().getTime())
      log.warn({ user: logged, source }, 'sign-in failed')
      return undefined
    })
}

/** Undefined when what is wanted does not exist. Whether the account may have it is `grantOf`'s to say. */
function claimOf(directory: Directory, account: Account, wanted: WantedScope | undefined): ScopeClaim | undefined {
  if (!wanted) return onlyScope(directory, account)
  if (wanted.kind === 'none') return { kind: 'none' }
  const found =
    wanted.kind === 'domain' ? directory.domain(wanted.domain) : directory.project(wanted.project, account.user.domain)
  return found && { kind: wanted.kind, id: found.id }
}
