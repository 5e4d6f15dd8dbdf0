/** What the operator's configuration says about accounts (`identity.embedded`); secrets are resolved already. */
export interface IdentitySettings {
  readonly domains: readonly DomainSettings[]
  /** How long a token lives, in seconds; a day by default. */
  readonly tokenSeconds?: number | undefined
}

export interface DomainSettings {
  readonly name: string
  /** 1 to 64 of `A-Za-z0-9_-`; made from the name where absent. */
  readonly id?: string | undefined
  readonly projects?: readonly ProjectSettings[] | undefined
  readonly users?: readonly UserSettings[] | undefined
  /** Custom policies: their names are roles of this domain's users. */
  readonly policies?: readonly PolicySettings[] | undefined
}

interface ProjectSettings {
  readonly name: string
  /** 32 lower-case hex digits; made from the names where absent. */
  readonly id?: string | undefined
  readonly description?: string | undefined
  readonly enabled?: boolean | undefined
}

export interface UserSettings {
  readonly name: string
  /** 1 to 64 of `A-Za-z0-9_-`. */
  readonly id?: string | undefined
  /** Without one the user has access keys only. */
  readonly password?: string | undefined
  readonly enabled?: boolean | undefined
  /** Role names by project: its name (in the user's domain), `domain/name`, or its id. */
  readonly roles?: Readonly<Record<string, readonly string[]>> | undefined
  readonly accessKeys?: readonly { readonly ak: string; readonly sk: string }[] | undefined
}

interface PolicySettings {
  readonly name: string
  /** `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cbr:vaults:list"]}]}` */
  readonly document: unknown
}
