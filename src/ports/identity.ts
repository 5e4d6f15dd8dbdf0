/** Who is calling, and which projects exist. Adapters: the embedded identity service, and a Keystone. */

/** roles.md section 1: deny wins over allow, nothing matching is denied; `*` matches within any part. */
export interface PolicyStatement {
  readonly effect: 'allow' | 'deny'
  readonly actions: readonly string[]
}

export interface Caller {
  readonly userId: string
  readonly userName: string
  readonly domainId: string
  readonly domainName: string
  /** Where the credential is scoped to a project. */
  readonly projectId?: string
  readonly projectName?: string
  /** Names of the system roles held in that project. */
  readonly roles: readonly string[]
  /** Statements of the custom policies held in that project. */
  readonly statements: readonly PolicyStatement[]
  readonly via: 'token' | 'access-key'
}

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly domainId: string
  readonly domainName: string
  readonly enabled: boolean
  readonly description: string
}

/** A request as it came over the wire, for signatures: headers with lower-case names, `rawPath` undecoded. */
export interface SignedRequest {
  readonly method: string
  readonly rawPath: string
  readonly rawQuery: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

export interface Identity {
  /** The caller a token stands for; undefined when it is garbage, expired or revoked. Cheap: called on every request. */
  callerOfToken(token: string): Promise<Caller | undefined>
  /**
   * The caller whose access key signed the request (`Authorization: SDK-HMAC-SHA256 ...`), scoped to `projectId` if the
   * key's owner holds a role there, else unscoped. A path without project takes the one of `X-Project-Id` if the owner
   * holds a role there, or the owner's only one. Undefined when the signature, the clock or the key is wrong, or the
   * request was seen before (`adapters/identity/seen-signatures.ts` says what that means for reads).
   */
  callerOfSignature(request: SignedRequest, projectId: string | undefined): Promise<Caller | undefined>
  /** Those of the ids, in the order given, that are no enabled project in this region. */
  unknownProjects(ids: readonly string[]): Promise<readonly string[]>
  project(id: string): Promise<ProjectRecord | undefined>
  /** All enabled projects of a domain named by id or by name; undefined when there is no such domain. */
  projectsOfDomain(
    domain: { readonly id: string } | { readonly name: string },
  ): Promise<readonly ProjectRecord[] | undefined>
  /** Projects in which the user holds a role. */
  projectsOfUser(userId: string): Promise<readonly ProjectRecord[]>
}
