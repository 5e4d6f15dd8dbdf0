/** Secrets that are given out once and needed again: kept sealed under a key of their project. */
export interface Secrets {
  /** 256 random bits in printable characters. */
  make(): string
  /** `about` is what it belongs to: what is sealed for one thing does not open for another. */
  seal(of: SecretOf, secret: string): Promise<string>
  /** Fault `corrupt` for what was not sealed so. */
  open(of: SecretOf, sealed: string): Promise<string>
}

export interface SecretOf {
  readonly projectId: string
  readonly about: string
}
