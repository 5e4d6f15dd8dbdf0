import type { ProjectRecord, SignedRequest } from './identity.ts'

/** What stands behind `/identity/v3` in the embedded shape: the parts of Keystone v3 that clients of backups use. */

export interface DomainRecord {
  readonly id: string
  readonly name: string
}

export interface UserRecord {
  readonly id: string
  readonly name: string
  readonly domain: DomainRecord
  readonly enabled: boolean
}

export interface RoleRecord {
  readonly id: string
  readonly name: string
}

export type GrantScope =
  | { readonly kind: 'project'; readonly project: ProjectRecord }
  | { readonly kind: 'domain'; readonly domain: DomainRecord }
  | { readonly kind: 'none' }

export type LogInMethod = 'password' | 'token' | 'access-key'

/** What a credential stands for at the moment it is looked at. */
export interface Grant {
  readonly user: UserRecord
  readonly scope: GrantScope
  /** Held in the project of the scope; none in the other scopes. */
  readonly roles: readonly RoleRecord[]
  readonly methods: readonly LogInMethod[]
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** The token's own audit id and, where it was made from another token, the first one's of the chain. */
  readonly auditIds: readonly string[]
}

/** A domain or a project of a domain, as clients name them. */
export type DomainName = { readonly id: string } | { readonly name: string }
/** A user or a project. Without a domain: of the user's own, where there is a user yet. */
export type NameInDomain = { readonly id: string } | { readonly name: string; readonly domain?: DomainName }

export type WantedScope =
  | { readonly kind: 'project'; readonly project: NameInDomain }
  | { readonly kind: 'domain'; readonly domain: DomainName }
  | { readonly kind: 'none' }

export interface LogIn {
  readonly by:
    | { readonly method: 'password'; readonly user: NameInDomain; readonly password: string }
    | { readonly method: 'token'; readonly token: string }
  /** Absent: the user's project where there is exactly one, else none. */
  readonly scope?: WantedScope
  /** The network address of who asks: failures slow it down. */
  readonly source: string
}

export interface Session {
  readonly token: string
  readonly grant: Grant
}

export interface IdentityService {
  readonly region: string
  /** Where clients reach this service, without a path; absent: where the request came to. */
  readonly catalogUrl?: string
  /**
   * A new token. `denied` for every wrong credential alike (unknown user, wrong password, disabled, slowed down, no
   * role in the scope), after the same work; a Fault `unavailable` when too many try at once.
   */
  logIn(request: LogIn): Promise<Session | 'denied'>
  /** Undefined when the token is garbage, expired, revoked, or its user has lost what it stands for. */
  grantOfToken(token: string): Promise<Grant | undefined>
  /** As `Identity.callerOfSignature` for a path without project. */
  grantOfSignature(request: SignedRequest): Promise<Grant | undefined>
  /** Ends the token durably; one that is not valid is fine. */
  revoke(token: string): Promise<void>
  domains(): readonly DomainRecord[]
  /** Disabled ones too; in order of domain, then as the settings name them. */
  projects(): readonly ProjectRecord[]
  users(): readonly UserRecord[]
  /** Enabled projects in which the user holds a role. */
  projectsOfUser(userId: string): Promise<readonly ProjectRecord[]>
}
