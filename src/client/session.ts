/** Who is signed in, where, and for which project. */
export interface Session {
  /** Of the identity service; ends in `/v3`. */
  readonly authUrl: string
  /** Where OpenCBR answers, without a slash at its end. */
  readonly url: string
  readonly token: string
  /** ISO 8601. */
  readonly expiresAt: string
  readonly user: string
  /** Name of the user's domain. */
  readonly domain: string
  readonly project: Project
}

export interface Project {
  readonly id: string
  readonly name: string
}
