import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Identity, SignedRequest } from '../../ports/identity.ts'
import type { Grant, IdentityService } from '../../ports/identity-service.ts'
import type { Log } from '../../ports/log.ts'
import type { Now } from '../../ports/now.ts'
import { openCredentials } from './credentials.ts'
import { type Directory, openDirectory } from './directory.ts'
import { openGate } from './gate.ts'
import { callerOf, rolesIn } from './grants.ts'
import { openIdentityRows } from './identity-rows.ts'
import { openLogIn } from './log-in.ts'
import { type PasswordCost, usualCost } from './password.ts'
import { readAccounts } from './read-accounts.ts'
import { openSeenSignatures } from './seen-signatures.ts'
import type { IdentitySettings } from './settings.ts'
import { openSignatures, type SignerOf, windowMs } from './signatures.ts'
import { openTokenKey } from './token-key.ts'
import { openTokenSeal } from './token-seal.ts'
import { openTokens } from './tokens.ts'

export interface EmbeddedIdentityOptions {
  /** The database; the key that seals tokens lies beside it (`identity.key`). `:memory:` keeps neither. */
  readonly file: string
  readonly settings: IdentitySettings
  readonly region: string
  readonly catalogUrl?: string | undefined
  readonly now: Now
  readonly log: Log
  /** What a guess of a password costs; for tests that sign in all the time. */
  readonly passwordCost?: PasswordCost | undefined
}

/** The `Identity` of the embedded shape, and the service behind `/identity/v3` that its users sign in to. */
export interface EmbeddedIdentity extends Identity, IdentityService {
  close(): Promise<void>
}

/** A Fault `conflict` names every mistake in the settings; others say what is wrong with the files. */
export async function openEmbeddedIdentity(options: EmbeddedIdentityOptions): Promise<EmbeddedIdentity> {
  const { file, settings, region, catalogUrl, now, log, passwordCost: cost = usualCost } = options
  const tokenKey = file === ':memory:' ? randomBytes(32) : openTokenKey(join(dirname(file), 'identity.key'))
  await using opening = new AsyncDisposableStack()
  const rows = opening.adopt(openIdentityRows(file), open => open.close())
  const seen = opening.adopt(openSeenSignatures(file), open => open.close())
  const directory = openDirectory(readAccounts(settings, rows))
  const credentialOf = openCredentials(rows, cost)
  const tokens = openTokens({ directory, rows, seal: openTokenSeal(tokenKey), credentialOf, now })
  const signerOf = openSignatures({ directory, seen, now })
  const tokenMs = (settings.tokenSeconds ?? 24 * 3600) * 1000
  // Two at once: more would only take turns on the cores, and keep the thread pool from the disks' bytes.
  const logIn = openLogIn({ directory, tokens, credentialOf, cost, tokenMs, gate: openGate(2, 100), now, log })
  const opened = opening.move()
  return {
    ...projectsOf(directory),
    region,
    ...(catalogUrl !== undefined && { catalogUrl }),
    logIn,
    callerOfToken: async token => (await tokens.find(token))?.caller,
    grantOfToken: async token => (await tokens.find(token))?.grant,
    async callerOfSignature(request, projectId) {
      const signer = signerOf(request, projectId)
      return signer && callerOf(signer.account, signer.scope, 'access-key')
    },
    grantOfSignature: async request => grantOfSigner(signerOf, request),
    async revoke(token) {
      const known = await tokens.find(token)
      if (known) tokens.revoke(known)
    },
    domains: () => directory.domains,
    projects: () => directory.projects,
    users: () => directory.accounts.map(({ user }) => user),
    close: () => opened.disposeAsync(),
  }
}

function grantOfSigner(signerOf: SignerOf, request: SignedRequest): Grant | undefined {
  const signer = signerOf(request, undefined)
  if (!signer) return undefined
  const { account, scope, at } = signer
  return {
    user: account.user,
    scope,
    roles: rolesIn(account, scope),
    methods: ['access-key'],
    issuedAt: at,
    expiresAt: new Date(at.getTime() + windowMs),
    auditIds: [],
  }
}

type Projects = Pick<Identity, 'unknownProjects' | 'project' | 'projectsOfDomain' | 'projectsOfUser'>

function projectsOf(directory: Directory): Projects {
  const enabled = directory.projects.filter(project => project.enabled)
  return {
    unknownProjects: async ids => ids.filter(id => !directory.project({ id })?.enabled),
    project: async id => directory.project({ id }),
    async projectsOfDomain(named) {
      const domain = directory.domain(named)
      return domain && enabled.filter(project => project.domainId === domain.id)
    },
    async projectsOfUser(userId) {
      const account = directory.account({ id: userId })
      return account ? enabled.filter(project => account.holdings.has(project.id)) : []
    },
  }
}
