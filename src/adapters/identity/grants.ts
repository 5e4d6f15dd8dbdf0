import type { Caller } from '../../ports/identity.ts'
import type { Grant, GrantScope, RoleRecord } from '../../ports/identity-service.ts'
import type { Account, Directory } from './directory.ts'
import type { TokenClaims } from './token-seal.ts'

export type ScopeClaim = TokenClaims['scope']

/** The scope as it is now; undefined when the account may not, or no longer, act in it. */
export function scopeOf(directory: Directory, { user, holdings }: Account, claim: ScopeClaim): GrantScope | undefined {
  if (claim.kind === 'none') return { kind: 'none' }
  // One's own domain is open to every user: the vendor's provider asks for it first thing, and no role goes with it.
  if (claim.kind === 'domain') return claim.id === user.domain.id ? { kind: 'domain', domain: user.domain } : undefined
  const project = directory.project({ id: claim.id })
  return project?.enabled && holdings.has(project.id) ? { kind: 'project', project } : undefined
}

export function rolesIn({ holdings }: Account, scope: GrantScope): readonly RoleRecord[] {
  return scope.kind === 'project' ? (holdings.get(scope.project.id)?.roles ?? []) : []
}

/** The only project the account can work in, if there is exactly one. */
export function onlyScope(directory: Directory, account: Account): ScopeClaim {
  const open = [...account.holdings.keys()].filter(id => directory.project({ id })?.enabled)
  const [id] = open
  return id !== undefined && open.length === 1 ? { kind: 'project', id } : { kind: 'none' }
}

export function callerOf({ user, holdings }: Account, scope: GrantScope, via: Caller['via']): Caller {
  const project = scope.kind === 'project' ? scope.project : undefined
  const holding = project && holdings.get(project.id)
  return {
    userId: user.id,
    userName: user.name,
    domainId: user.domain.id,
    domainName: user.domain.name,
    ...(project && { projectId: project.id, projectName: project.name }),
    roles: holding?.systemRoles ?? [],
    statements: holding?.statements ?? [],
    via,
  }
}

/** What a token with these claims stands for now, expiry and revocation aside. */
export function grantOf(directory: Directory, claims: TokenClaims): { account: Account; grant: Grant } | undefined {
  const account = directory.account({ id: claims.userId })
  const scope = account?.user.enabled ? scopeOf(directory, account, claims.scope) : undefined
  if (!account || !scope) return undefined
  return {
    account,
    grant: {
      user: account.user,
      scope,
      roles: rolesIn(account, scope),
      methods: claims.methods,
      issuedAt: new Date(claims.issuedAt),
      expiresAt: new Date(claims.expiresAt),
      auditIds: claims.auditIds,
    },
  }
}
